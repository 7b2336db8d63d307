import Randomness
import S3Core

/// A bucket that answers listings in virtual time: all requests take about the same time.
struct ListedBucket {
    var keys: [[UInt8]]
    var pageSize = 100
    /// How the service treats `start-after`.
    var reading = Reading.right

    enum Reading { case right, ignored, inclusive, byFolder }

    /// The outcome of a listing.
    struct Outcome {
        var keys: [[UInt8]] = []
        var requests = 0
        var ticks = 0
        var mostHeldBytes = 0
        var mostInFlight = 0
        var isParallel = true
        var isStuck = false
        var error: S3Error?
    }

    /// - Parameters:
    ///   - fails: whether a request with these parameters fails, given the last key returned.
    ///   - change: may change the bucket between responses.
    mutating func list(
        _ list: ParallelList, connections: Int = 64, random: inout SplitMix64,
        fails: ([String: [UInt8]], [UInt8]?, inout SplitMix64) -> Bool = { _, _, _ in false },
        change: (inout ListedBucket, inout SplitMix64) -> Void = { _, _ in }
    ) -> Outcome {
        var list = list
        var outcome = Outcome()
        var inFlight: [(request: ParallelList.Request, due: Int)] = []
        do throws(S3Error) {
            while !list.isAtEnd {
                for request in list.requests(free: connections - inFlight.count) {
                    inFlight.append((request, outcome.ticks + 10 + Int.random(in: 0...2, using: &random)))
                }
                outcome.mostInFlight = max(outcome.mostInFlight, inFlight.count)
                guard let next = inFlight.map(\.due).min() else {
                    outcome.isStuck = true
                    break
                }
                outcome.ticks = next
                let due = inFlight.filter { $0.due <= next }.shuffled(using: &random)
                inFlight.removeAll { $0.due <= next }
                for (request, _) in due {
                    let hasFailed = fails(Self.query(request.operation), outcome.keys.last, &random)
                    list.received(
                        request.number,
                        hasFailed
                            ? .failure(S3Error(.accessDenied, "no")) : .success(page(request.operation)))
                    outcome.mostHeldBytes = max(outcome.mostHeldBytes, list.heldBytes)
                    while let objects = try list.next() { outcome.keys += objects.map(\.key) }
                }
                change(&self, &random)
            }
        } catch { outcome.error = error }
        outcome.requests = list.requestCount
        outcome.isParallel = list.isParallel
        return outcome
    }

    private static func query(_ operation: ListObjectsV2) -> [String: [UInt8]] {
        var query: [String: [UInt8]] = [:]
        for (name, value) in operation.request().query { query[name] = value }
        return query
    }

    /// The token is the last key of the previous page.
    func page(_ operation: ListObjectsV2) -> ListObjectsV2.Page {
        let query = Self.query(operation)
        let start: Int
        if let token = query["continuation-token"] {
            start = (keys.firstIndex(of: token) ?? index(after: token) - 1) + 1
        } else if let key = query["start-after"] {
            start =
                switch reading {
                case .right: index(after: key)
                case .ignored: 0
                case .inclusive: max(0, index(after: key) - 1)
                case .byFolder: keys.firstIndex { byFolder(key, $0) } ?? keys.count
                }
        } else {
            start = 0
        }
        let end = min(keys.count, start + pageSize)
        return ListObjectsV2.Page(
            objects: keys[start..<end].map { ListObjectsV2.Object(key: $0, size: 1) },
            continuationToken: end < keys.count ? keys[end - 1] : nil)
    }

    private func index(after key: [UInt8]) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if key.lexicographicallyPrecedes(keys[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// The order of a service that stores directories: `a/b` comes before `a-b`.
func byFolder(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    first.map { $0 == UInt8(ascii: "/") ? 0 : $0 }
        .lexicographicallyPrecedes(second.map { $0 == UInt8(ascii: "/") ? 0 : $0 })
}

/// Keys of typical patterns.
enum KeyShape: String, CaseIterable, Sendable {
    case counter, unpadded, uuid, dates, tenants, deep, mixed, words, prefixes, highBytes, trail, empty,
        single, page

    func keys(_ count: Int, _ random: inout SplitMix64) -> [[UInt8]] {
        var keys: Set<String> = []
        switch self {
        case .empty: break
        case .single: keys = ["a"]
        case .page: for number in 0..<100 { keys.insert("k\(number)") }
        default: for number in 0..<count { keys.insert(key(number, &random)) }
        }
        return keys.map { [UInt8]($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func key(_ number: Int, _ random: inout SplitMix64) -> String {
        func decimal(_ range: ClosedRange<Int>, _ width: Int) -> String {
            Self.pad(String(Int.random(in: range, using: &random)), width)
        }
        func hexadecimal(_ digits: Int) -> String {
            (0..<digits).map { _ in String(Int.random(in: 0...15, using: &random), radix: 16) }.joined()
        }
        switch self {
        case .counter: return Self.pad(String(number), 9)
        case .unpadded: return String(number)
        case .uuid: return hexadecimal(32)
        case .dates:
            return "logs/2026/\(decimal(1...12, 2))/\(decimal(1...28, 2))/\(decimal(0...23, 2))"
                + "/\(decimal(0...999_999, 6)).json"
        case .tenants:
            let least = (0..<3).map { _ in Int.random(in: 0...99_999, using: &random) }.min() ?? 0
            return "tenant\(Self.pad(String(least), 5))/obj/\(decimal(0...99_999_999, 8))"
        case .deep:
            return "a/very/long/common/prefix/of/all/keys/"
                + (0..<8).map { _ in hexadecimal(1) }.joined(separator: "/")
        case .mixed:
            switch Int.random(in: 0...19, using: &random) {
            case 0: return hexadecimal(32)
            case 1: return "ü/\(decimal(0...9_999_999, 7))"
            default: return "logs/\(decimal(0...99_999_999, 8))"
            }
        case .words:
            let words = ["alpha", "beta", "gamma", "Delta", "eps", "zeta", "eta", "theta"]
            let depth = Int.random(in: 2...5, using: &random)
            return (0..<depth).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: "/")
                + "/\(decimal(0...9999, 1)).txt"
        case .prefixes:
            return String(repeating: "a", count: 1 + number % 900) + (number < 900 ? "" : String(number))
        case .highBytes:
            // The highest code point starts with the highest byte in UTF-8.
            let sign =
                ["\u{10FFFF}", "\u{FFFD}", "😀", "é", "\u{7F}", "~"].randomElement(using: &random) ?? ""
            return sign + decimal(0...9_999_999, 7) + sign
        case .trail:
            let account =
                ["111122223333", "222233334444", "555566667777"].randomElement(using: &random) ?? ""
            let region = ["us-east-1", "eu-west-1", "ap-southeast-2"].randomElement(using: &random) ?? ""
            return "AWSLogs/\(account)/CloudTrail/\(region)/2026/\(decimal(1...11, 2))"
                + "/\(decimal(1...28, 2))/x_\(hexadecimal(12)).json.gz"
        case .empty, .single, .page: return ""
        }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
