/// Returns all keys under a prefix and then new ones, each once. A state machine: times and pages in,
/// requests and keys out.
///
///     old keys   | floor, keys that are listed again ...    | new keys
///                |<--------------- lookback --------------->|
///
/// A poll lists keys after the floor, because keys of concurrent writers may appear late and out of order.
/// Only the keys returned after the floor are remembered. If nothing is new, a poll costs one request,
/// provided that one page holds the keys that are listed again.
package struct FollowList: KeyList, PolledList {
    /// The range of keys that each poll lists again.
    package enum Lookback: Equatable, Sendable {
        /// This number of the last keys.
        case keys(Int)
        /// Keys after the one that was the last this many milliseconds ago.
        case milliseconds(Int)

        /// The maximum number of keys remembered from one poll to the next.
        package var mostKeys: Int { if case .keys(let count) = self { count } else { Self.mostKeysOfATime } }
        private static let mostKeysOfATime = 100_000
    }

    /// When the list ends.
    package enum End: Equatable, Sendable {
        case never
        /// After this many milliseconds without new keys.
        case idle(Int)
        /// After the first complete listing.
        case firstPoll
    }

    private let prefix: [UInt8]
    private let endBefore: [UInt8]?
    private let following: Following

    /// The monotonic time, in milliseconds.
    private var now = 0
    /// The listing in progress; nil between two polls.
    private var list: ParallelList?
    /// The start time of the latest poll.
    private var pollStart: Int?
    private(set) var completedStart: Int?
    /// The time of the last new key, or the start of the first listing.
    private var lastNews: Int?
    /// Returned keys that are listed again. Polls start after its floor.
    private var recent: RecentKeys
    private var numbers: [Int: Int] = [:]
    private var nextNumber = 0
    private var isOver = false

    /// - Parameters:
    ///   - endBefore: a whole key; each list ends before it.
    ///   - recent: the keys listed before, with times of the monotonic clock; the first list begins after its floor.
    package init(
        prefix: [UInt8], endBefore: [UInt8]? = nil, recent: RecentKeys = RecentKeys(), _ following: Following
    ) {
        self.prefix = prefix
        self.endBefore = endBefore
        self.recent = recent
        self.following = following
    }

    package var isAtEnd: Bool { isOver }
    var isPolling: Bool { list != nil }
    var heldBytes: Int { list?.heldBytes ?? 0 }
    /// The number of remembered keys.
    package var rememberedKeys: Int { recent.count }

    package mutating func pass(to now: Int) {
        self.now = now
        lastNews = lastNews ?? now
        guard list == nil, !isOver else { return }
        // The last poll must start after the end of the idle time, to find keys written during it.
        if case .idle(let silence) = following.end, let lastNews, let pollStart,
            pollStart - lastNews >= silence
        {
            isOver = true
        } else if pollStart.map({ now - $0 >= following.interval }) ?? true {
            begin()
        }
    }

    package func untilDue(now: Int) -> Int? {
        guard list == nil, !isOver else { return nil }
        return pollStart.map { max(0, $0 + following.interval - now) } ?? 0
    }

    private mutating func begin() {
        pollStart = now
        if case .milliseconds(let milliseconds) = following.lookback {
            recent.forget(before: now - milliseconds)
        }
        list = ParallelList(
            prefix: prefix, startAfter: recent.floor, endBefore: endBefore, readsDetails: true,
            isParallel: following.isParallel,
            maximumBytes: following.maximumBytes)
    }

    package mutating func requests(free: Int) -> [ListRequest] {
        guard let requests = list?.requests(free: free) else { return [] }
        return requests.map { numbered($0) }
    }

    mutating func nextRequest() -> ListRequest? {
        guard let request = list?.nextRequest() else { return nil }
        return numbered(request)
    }

    private mutating func numbered(_ request: ListRequest) -> ListRequest {
        nextNumber += 1
        numbers[nextNumber] = request.number
        return ListRequest(number: nextNumber, operation: request.operation)
    }

    package mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        // A late response of an earlier poll is dropped.
        guard let inner = numbers.removeValue(forKey: number) else { return }
        list?.received(inner, result)
    }

    package mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        while list != nil {
            guard let objects = try list?.next() else {
                if list?.isAtEnd ?? true { endPoll() }
                return nil
            }
            let fresh = objects.filter { !recent.contains($0.key) }
            guard !fresh.isEmpty else { continue }
            for object in fresh { remember(object.key) }
            lastNews = now
            return fresh
        }
        return nil
    }

    private mutating func remember(_ key: [UInt8]) {
        recent.insert(key, time: now)
        // Keys dropped during a listing are before those still to come.
        if recent.count > 2 * following.lookback.mostKeys + 64 {
            recent.keep(last: following.lookback.mostKeys)
        }
    }

    private mutating func endPoll() {
        list = nil
        completedStart = pollStart
        numbers.removeAll()
        recent.keep(last: following.lookback.mostKeys)
        isOver = following.end == .firstPoll
    }
}
