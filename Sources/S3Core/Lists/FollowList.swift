/// All keys under a prefix, and those that come later, each once. A plain state machine: times and pages in, requests
/// and keys out.
///
///     long known | floor, keys that are looked at again ... | what comes next
///                |<--------------- lookback --------------->|
///
/// A poll lists what comes after the floor: keys of writers that work side by side appear late, and not in order. What
/// was given out after the floor is remembered, and nothing else. A poll in which nothing is new is one request as long
/// as a page holds what is looked at again.
package struct FollowList: KeyList {
    /// What is looked at again.
    package enum Lookback: Equatable, Sendable {
        /// The last so many keys.
        case keys(Int)
        /// What came after the key that was the last one so many milliseconds ago.
        case milliseconds(Int)
    }

    private let prefix: [UInt8]
    private let isParallel: Bool
    private let maximumBytes: Int
    private let interval: Int
    private let untilIdle: Int?
    private let lookback: Lookback

    /// The monotonic time, in milliseconds.
    private var now = 0
    /// What is listed now; nil between two polls.
    private var list: ParallelList?
    /// When the latest poll began.
    private var pollStart: Int?
    /// When something new came last, or the first list began.
    private var lastNews: Int?
    /// Polls begin after this key.
    private var floor: [UInt8]?
    /// The keys after the floor that were given out, in order, each with the time when it was.
    private var recent: [(key: [UInt8], time: Int)] = []
    private var known: Set<[UInt8]> = []
    private var numbers: [Int: Int] = [:]
    private var nextNumber = 0
    private var isOver = false

    /// - Parameters:
    ///   - startAfter: a whole key; the first list begins after it.
    ///   - interval: the least time from one poll to the next, in milliseconds.
    ///   - untilIdle: how long nothing new may come before the list is at its end, in milliseconds; nil is for ever.
    ///   - maximumBytes: how much may be held ahead of its turn, in bytes.
    package init(
        prefix: [UInt8], startAfter: [UInt8]? = nil, interval: Int, untilIdle: Int? = nil, lookback: Lookback,
        isParallel: Bool = true, maximumBytes: Int
    ) {
        self.prefix = prefix
        floor = startAfter
        self.interval = interval
        self.untilIdle = untilIdle
        self.lookback = lookback
        self.isParallel = isParallel
        self.maximumBytes = maximumBytes
    }

    package var isAtEnd: Bool { isOver }
    /// How many keys are remembered.
    package var rememberedKeys: Int { recent.count }

    package mutating func pass(to now: Int) {
        self.now = now
        lastNews = lastNews ?? now
        guard list == nil, !isOver else { return }
        // What is new has to be looked for once more after it could come.
        if let untilIdle, let lastNews, let pollStart, pollStart - lastNews >= untilIdle {
            isOver = true
        } else if pollStart.map({ now - $0 >= interval }) ?? true {
            begin()
        }
    }

    package func untilDue(now: Int) -> Int? {
        guard list == nil, !isOver else { return nil }
        return pollStart.map { max(0, $0 + interval - now) } ?? 0
    }

    /// How many keys are remembered between two polls.
    private var mostKeys: Int {
        if case .keys(let count) = lookback { count } else { Self.mostKeysOfATime }
    }
    private static let mostKeysOfATime = 100_000

    private mutating func begin() {
        pollStart = now
        if case .milliseconds(let milliseconds) = lookback { forget(olderThan: now - milliseconds) }
        list = ParallelList(
            prefix: prefix, startAfter: floor, readsDetails: true, isParallel: isParallel,
            maximumBytes: maximumBytes)
    }

    /// The floor becomes the greatest key that came before `time`, if all keys up to there did.
    private mutating func forget(olderThan time: Int) {
        guard let last = recent.lastIndex(where: { $0.time < time }) else { return }
        dropFirst(last + 1)
    }

    private mutating func dropFirst(_ count: Int) {
        guard count > 0 else { return }
        floor = recent[count - 1].key
        for entry in recent[..<count] { known.remove(entry.key) }
        recent.removeFirst(count)
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
            let fresh = objects.filter { !known.contains($0.key) }
            guard !fresh.isEmpty else { continue }
            for object in fresh { remember(object.key) }
            lastNews = now
            return fresh
        }
        return nil
    }

    private mutating func remember(_ key: [UInt8]) {
        known.insert(key)
        var place = recent.count
        while place > 0, key.precedes(recent[place - 1].key) { place -= 1 }
        recent.insert((key, now), at: place)
        // What is dropped while a list goes on came before what is yet to come.
        if recent.count > 2 * mostKeys + 64 { dropFirst(recent.count - mostKeys) }
    }

    private mutating func endPoll() {
        list = nil
        numbers.removeAll()
        dropFirst(max(0, recent.count - mostKeys))
    }
}
