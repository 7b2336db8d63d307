import Randomness
import S3Core
import Testing

/// Lists of many prefixes: each key once, few requests, each prefix in its own order.
@Suite struct PrefixListsTests {
    @Test func eachPrefixThatMatchesIsFollowed() throws {
        var follower = try Follower(
            "AWSLogs/*/CloudTrail/*/",
            keys: [
                "AWSLogs/1/CloudTrail/eu/a", "AWSLogs/1/CloudTrail/us/a", "AWSLogs/1/CloudTrail/index",
                "AWSLogs/1/elb/eu/a", "AWSLogs/2/CloudTrail/eu/a", "AWSLogs/digest",
                "other/1/CloudTrail/eu/a",
            ])
        #expect(
            follower.run(to: 0) == [
                "AWSLogs/1/CloudTrail/eu/a", "AWSLogs/1/CloudTrail/us/a", "AWSLogs/2/CloudTrail/eu/a",
            ])
        let before = follower.requests
        for second in 1...10 { #expect(follower.run(to: second * 1000).isEmpty) }
        // AWSLogs/, CloudTrail/ of two accounts, and three prefixes that are followed.
        #expect(follower.requests == before + 10 * 6)
        follower.bucket.insert("AWSLogs/1/CloudTrail/eu/0")
        follower.bucket.insert("AWSLogs/2/CloudTrail/us/z")
        follower.bucket.insert("AWSLogs/0/CloudTrail/eu/z")
        #expect(
            follower.run(to: 11_000) == [
                "AWSLogs/0/CloudTrail/eu/z", "AWSLogs/1/CloudTrail/eu/0", "AWSLogs/2/CloudTrail/us/z",
            ])
        #expect(follower.run(to: 11_500).isEmpty && follower.mostInOneInterval == 1)
    }

    @Test func aSegmentWithAStarIsListedByItsLiteralStart() throws {
        var follower = try Follower(
            "dt=2*/x/", keys: ["dt=1/x/a", "dt=2/x/a", "dt=22/x/a", "dt=22/y/a", "dt=3/x/a"])
        #expect(follower.run(to: 0) == ["dt=2/x/a", "dt=22/x/a"])
        #expect(follower.asked["dt=2"] == 1 && follower.requests == 3)
    }

    @Test func itEndsWhenNothingIsNew() throws {
        var follower = try Follower("*/", keys: ["a/1", "b/1"], end: .idle(5000))
        _ = follower.run(to: 0)
        follower.bucket.insert("c/1")
        #expect(follower.run(to: 4000) == ["c/1"])
        for second in 5...8 { #expect(follower.run(to: second * 1000).isEmpty && !follower.lists.isAtEnd) }
        follower.bucket.insert("a/0")
        #expect(follower.run(to: 9000) == ["a/0"])
        for second in 10...13 { #expect(follower.run(to: second * 1000).isEmpty && !follower.lists.isAtEnd) }
        for second in 14...16 { #expect(follower.run(to: second * 1000).isEmpty) }
        #expect(follower.lists.isAtEnd && follower.lists.untilDue(now: 99_000) == nil)
    }

    @Test func itMayEndAfterOneListing() throws {
        var follower = try Follower("*/*/", keys: ["a/1/x", "a/1/y", "b/2/z", "b/z"], end: .firstPoll)
        #expect(follower.run(to: 0) == ["a/1/x", "a/1/y", "b/2/z"])
        #expect(follower.lists.isAtEnd)
        follower = try Follower("*/", keys: ["k"], end: .firstPoll)
        #expect(follower.run(to: 0) == [] && follower.lists.isAtEnd)
    }

    @Test func itContinuesWhereAnotherRunStopped() throws {
        let recent = RecentKeys(
            after: [UInt8]("a/2".utf8), [RecentKeys.Entry(key: [UInt8]("a/4".utf8), time: 0)])
        var follower = try Follower(
            "*/", keys: ["a/1", "a/3", "a/4", "a/5", "b/1"], recent: [[UInt8]("a/".utf8): recent])
        #expect(follower.run(to: 0) == ["a/3", "a/5", "b/1"])
    }

    @Test func aFailureEndsTheList() throws {
        for failing in ["", "a/"] {
            var follower = try Follower("*/", keys: ["a/1", "b/1"])
            follower.failing = failing
            _ = follower.run(to: 0)
            #expect(follower.error?.kind == .accessDenied, "\(failing)")
        }
    }

    @Test func heldKeysAreBoundedWhileNoneAreTaken() throws {
        let keys = (0..<20).flatMap { prefix in (100..<200).map { "p\(prefix + 10)/\($0)" } }
        var follower = try Follower("*/", keys: keys, end: .firstPoll, maximumBytes: 1 << 11)
        follower.bucket.pageSize = 10
        follower.lists.pass(to: 0)
        // Finds some prefixes, and then takes no keys.
        var found: [String] = []
        var pages = 0
        var requests = follower.lists.requests(free: 64)
        while let request = requests.popLast() {
            pages += 1
            follower.lists.received(request.number, .success(follower.bucket.page(request.operation)))
            if pages <= 3 {
                while let objects = try follower.lists.next() {
                    found += objects.map { String(decoding: $0.key, as: UTF8.self) }
                }
            }
            requests += follower.lists.requests(free: 64 - requests.count)
        }
        #expect(pages < 100, "\(pages) pages of 200")
        found += follower.run(to: 1)
        #expect(found.sorted() == keys.sorted() && follower.lists.isAtEnd)
    }

    /// A page that is late must not let its list fill the memory with later pages.
    @Test func memoryIsBoundedWhileEachListWaits() throws {
        let keys = (100..<120).flatMap { prefix in (1000..<1400).map { "p\(prefix)/\($0)" } }
        var follower = try Follower("*/", keys: keys, end: .firstPoll, maximumBytes: 1 << 12)
        follower.bucket.pageSize = 10
        follower.lists.pass(to: 0)
        var late: [ListRequest] = []
        var inFlight: [ListRequest] = []
        var found: [String] = []
        var mostHeldBytes = 0
        func answer(_ request: ListRequest) throws {
            follower.lists.received(request.number, .success(follower.bucket.page(request.operation)))
            while let objects = try follower.lists.next() {
                found += objects.map { String(decoding: $0.key, as: UTF8.self) }
            }
            mostHeldBytes = max(mostHeldBytes, follower.lists.heldBytes)
        }
        while true {
            inFlight += follower.lists.requests(free: 64 - inFlight.count - late.count)
            guard let request = inFlight.popLast() else { break }
            // The second page of a prefix.
            let token = FolderBucket.token(request.operation)
            if token?.hasSuffix("/1009") ?? false { late.append(request) } else { try answer(request) }
        }
        #expect(!late.isEmpty)
        #expect(mostHeldBytes < 1 << 15, "\(mostHeldBytes) bytes, \(late.count) lists")
        for request in late { try answer(request) }
        found += follower.run(to: 1)
        #expect(found.sorted() == keys && follower.lists.isAtEnd)
    }

    @Test(arguments: 0..<4)
    func eachKeyIsReturnedOnceAndInOrder(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var follower = try Follower("AWSLogs/*/CloudTrail/*/", keys: [], lookback: .keys(60), seed: seed)
        var given: [String] = []
        var late: [String] = []
        var numbers: [String: Int] = [:]
        for second in 0..<31 {
            for key in late { follower.bucket.insert(key) }
            late = []
            for _ in 0..<(second < 30 ? Int.random(in: 0...10, using: &random) : 0) {
                let account = Int.random(in: 0...second / 8, using: &random)
                let prefix = "AWSLogs/\(account)/CloudTrail/r\(Int.random(in: 0...2, using: &random))/"
                let number = numbers[prefix, default: 1000]
                numbers[prefix] = number + 8
                for key in (number..<number + 8).map({ "\(prefix)2026/\($0)" }) {
                    if Int.random(in: 0...2, using: &random) == 0 {
                        late.append(key)
                    } else {
                        follower.bucket.insert(key)
                    }
                }
            }
            let keys = follower.run(to: second * 1000, sorted: false)
            for (_, group) in Dictionary(grouping: keys, by: { $0.dropLast("2026/1000".count) }) {
                #expect(group == group.sorted())
            }
            given += keys
        }
        #expect(given.count == Set(given).count, "seed \(seed)")
        #expect(given.sorted() == follower.bucket.keys)
        #expect(follower.mostInOneInterval == 1 && follower.mostInFlight <= 32)
    }
}

/// A bucket and lists that follow it, in virtual time.
private struct Follower {
    var bucket = FolderBucket()
    var lists: PrefixLists
    var requests = 0
    /// The number of requests for first pages, by prefix.
    var asked: [String: Int] = [:]
    var mostInOneInterval = 0
    var mostInFlight = 0
    /// A prefix whose listing is refused.
    var failing: String?
    var error: S3Error?
    private var lastAsked: [String: Int] = [:]
    private var random: SplitMix64

    init(
        _ pattern: String, keys: [String], recent: [[UInt8]: RecentKeys] = [:], end: FollowList.End = .never,
        lookback: FollowList.Lookback = .keys(100), maximumBytes: Int = 1 << 14, seed: UInt64 = 7
    ) throws {
        random = SplitMix64(seed: seed)
        var following = Following(interval: 1000, end: end, lookback: lookback)
        following.maximumBytes = maximumBytes
        lists = PrefixLists(root: [], pattern: try PrefixPattern(pattern), recent: recent, following)
        for key in keys { bucket.insert(key) }
    }

    /// Runs until `now` and returns the new keys.
    mutating func run(to now: Int, sorted: Bool = true) -> [String] {
        var keys: [String] = []
        lists.pass(to: now)
        var inFlight: [ListRequest] = []
        while true {
            for request in lists.requests(free: 64 - inFlight.count) {
                inFlight.append(request)
                count(request, now)
            }
            mostInFlight = max(mostInFlight, inFlight.count)
            inFlight.shuffle(using: &random)
            let hadRequest = !inFlight.isEmpty
            if let request = inFlight.popLast() {
                let (prefix, _) = FolderBucket.query(request.operation)
                lists.received(
                    request.number,
                    prefix == failing
                        ? .failure(S3Error(.accessDenied, "no")) : .success(bucket.page(request.operation)))
            }
            var isNew = false
            do throws(S3Error) {
                while let objects = try lists.next() {
                    keys += objects.map { String(decoding: $0.key, as: UTF8.self) }
                    isNew = true
                }
            } catch {
                self.error = error
                return keys
            }
            if !hadRequest, !isNew { return sorted ? keys.sorted() : keys }
        }
    }

    private mutating func count(_ request: ListRequest, _ now: Int) {
        requests += 1
        let (prefix, isFirst) = FolderBucket.query(request.operation)
        guard isFirst else { return }
        asked[prefix, default: 0] += 1
        // Within a poll, a list may make several requests at once.
        if let last = lastAsked[prefix], last != now, now - last < 1000 { mostInOneInterval = 2 }
        lastAsked[prefix] = now
        mostInOneInterval = max(1, mostInOneInterval)
    }
}

/// Answers listings of a prefix, with or without a delimiter.
private struct FolderBucket {
    private(set) var keys: [String] = []
    var pageSize = 50

    mutating func insert(_ key: String) {
        let place = keys.firstIndex { key < $0 } ?? keys.count
        if place == 0 || keys[place - 1] != key { keys.insert(key, at: place) }
    }

    static func query(_ operation: ListObjectsV2) -> (prefix: String, isFirst: Bool) {
        var query: [String: String] = [:]
        for (name, value) in operation.request().query {
            query[name] = String(decoding: value, as: UTF8.self)
        }
        return (query["prefix"] ?? "", query["continuation-token"] == nil)
    }

    static func token(_ operation: ListObjectsV2) -> String? {
        operation.request().query.first { $0.name == "continuation-token" }
            .map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// The token is the last entry of the previous page.
    func page(_ operation: ListObjectsV2) -> ListObjectsV2.Page {
        var query: [String: String] = [:]
        for (name, value) in operation.request().query {
            query[name] = String(decoding: value, as: UTF8.self)
        }
        let prefix = query["prefix"] ?? ""
        let start = query["continuation-token"] ?? query["start-after"] ?? ""
        var entries: [ListObjectsV2.Object] = []
        for key in keys where key.hasPrefix(prefix) {
            var entry = key
            let rest = key.dropFirst(prefix.count)
            if query["delimiter"] != nil, let slash = rest.firstIndex(of: "/") {
                entry = String(key[...slash])
            }
            guard entry > start, entries.last?.key != [UInt8](entry.utf8) else { continue }
            entries.append(
                ListObjectsV2.Object(key: [UInt8](entry.utf8), size: 1, isCommonPrefix: entry != key))
        }
        let isTruncated = entries.count > pageSize
        entries = Array(entries.prefix(pageSize))
        return ListObjectsV2.Page(
            objects: entries, continuationToken: isTruncated ? entries.last?.key : nil)
    }
}
