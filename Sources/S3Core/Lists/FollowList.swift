/// All keys under a prefix, and those that come later, each once. A plain state machine: times and pages in, requests
/// and keys out.
///
///     long known | floor, keys that are looked at again ... | what comes next
///                |<--------------- lookback --------------->|
///
/// A poll lists what comes after the floor: keys of writers that work side by side appear late, and not in order. What
/// was given out after the floor is remembered, and nothing else. A poll in which nothing is new is one request as long
/// as a page holds what is looked at again.
package struct FollowList: KeyList, PolledList {
    /// What is looked at again.
    package enum Lookback: Equatable, Sendable {
        /// The last so many keys.
        case keys(Int)
        /// What came after the key that was the last one so many milliseconds ago.
        case milliseconds(Int)

        /// How many keys are remembered from one poll to the next.
        package var mostKeys: Int { if case .keys(let count) = self { count } else { Self.mostKeysOfATime } }
        private static let mostKeysOfATime = 100_000
    }

    /// When a list is at its end.
    package enum End: Equatable, Sendable {
        case never
        /// Once nothing new came for so many milliseconds.
        case idle(Int)
        /// Once all was listed.
        case firstPoll
    }

    private let prefix: [UInt8]
    private let endBefore: [UInt8]?
    private let isParallel: Bool
    private let maximumBytes: Int
    private let interval: Int
    private let end: End
    private let lookback: Lookback

    /// The monotonic time, in milliseconds.
    private var now = 0
    /// What is listed now; nil between two polls.
    private var list: ParallelList?
    /// When the latest poll began.
    private var pollStart: Int?
    private(set) var completedStart: Int?
    /// When something new came last, or the first list began.
    private var lastNews: Int?
    /// What was given out and is looked at again. Polls begin after its floor.
    private var recent: RecentKeys
    private var numbers: [Int: Int] = [:]
    private var nextNumber = 0
    private var isOver = false

    /// - Parameters:
    ///   - endBefore: a whole key; each list ends before it.
    ///   - recent: what came before, by the monotonic clock; the first list begins after its floor.
    ///   - interval: the least time from one poll to the next, in milliseconds.
    ///   - maximumBytes: how much may be held ahead of its turn, in bytes.
    package init(
        prefix: [UInt8], endBefore: [UInt8]? = nil, recent: RecentKeys = RecentKeys(), interval: Int,
        end: End = .never, lookback: Lookback, isParallel: Bool = true, maximumBytes: Int
    ) {
        self.prefix = prefix
        self.endBefore = endBefore
        self.recent = recent
        self.interval = interval
        self.end = end
        self.lookback = lookback
        self.isParallel = isParallel
        self.maximumBytes = maximumBytes
    }

    package var isAtEnd: Bool { isOver }
    var isPolling: Bool { list != nil }
    var heldBytes: Int { list?.heldBytes ?? 0 }
    /// How many keys are remembered.
    package var rememberedKeys: Int { recent.count }

    package mutating func pass(to now: Int) {
        self.now = now
        lastNews = lastNews ?? now
        guard list == nil, !isOver else { return }
        // What is new has to be looked for once more after it could come.
        if case .idle(let silence) = end, let lastNews, let pollStart, pollStart - lastNews >= silence {
            isOver = true
        } else if pollStart.map({ now - $0 >= interval }) ?? true {
            begin()
        }
    }

    package func untilDue(now: Int) -> Int? {
        guard list == nil, !isOver else { return nil }
        return pollStart.map { max(0, $0 + interval - now) } ?? 0
    }

    private mutating func begin() {
        pollStart = now
        if case .milliseconds(let milliseconds) = lookback { recent.forget(before: now - milliseconds) }
        list = ParallelList(
            prefix: prefix, startAfter: recent.floor, endBefore: endBefore, readsDetails: true,
            isParallel: isParallel,
            maximumBytes: maximumBytes)
    }

    package mutating func requests(free: Int) -> [ListRequest] {
        guard var current = list else { return [] }
        let requests = current.requests(free: free)
        list = current
        return requests.map {
            nextNumber += 1
            numbers[nextNumber] = $0.number
            return ListRequest(number: nextNumber, operation: $0.operation)
        }
    }

    package mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        // What comes late of an earlier poll is of no use.
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
        // What is dropped while a list goes on came before what is yet to come.
        if recent.count > 2 * lookback.mostKeys + 64 { recent.keep(last: lookback.mostKeys) }
    }

    private mutating func endPoll() {
        list = nil
        completedStart = pollStart
        numbers.removeAll()
        recent.keep(last: lookback.mostKeys)
        isOver = end == .firstPoll
    }
}
