import ByteIO

/// Lists the keys under all prefixes that match a pattern; each prefix is followed as a separate list. A
/// state machine: times and pages in, requests and keys out.
///
///     AWSLogs/ ---- level: 111/, 222/
///       111/CloudTrail/ ---- level: eu-west-1/, us-east-1/
///         eu-west-1/ ---- list
///         us-east-1/ ---- list
///
/// Prefixes are found level by level, by listings with the delimiter `/`, which are repeated at each
/// interval. If nothing is new, an interval costs one request for each prefix of a level and one for each
/// prefix that is followed.
package struct PrefixLists: KeyList {
    private let root: [UInt8]
    private let pattern: PrefixPattern
    private let following: Following
    private var recent: [[UInt8]: RecentKeys]

    /// One of the lists.
    private struct Watch {
        var list: any PolledList
        /// The pattern segment whose names it lists; nil if it lists keys.
        let segment: Int?
        /// It has received a page that is not processed yet.
        var isReady = false
    }

    private var watches: [Watch] = []
    /// The prefixes that are listed.
    private var known: Set<[UInt8]> = []
    /// Indices of lists with a poll in progress, in the order in which they make requests.
    private var polling: [Int] = []
    /// Indices of lists that may have keys.
    private var ready = Queue<Int>()
    private var inFlight: [Int: (watch: Int, number: Int)] = [:]
    private var nextNumber = 0
    /// The monotonic time, in milliseconds.
    private var now = 0
    /// When the next poll is due; nil if that must be computed.
    private var nextDue: Int?
    /// The time of the last new key, or the start of the first listing.
    private var lastNews: Int?
    private var isOver = false

    /// The maximum number of pages in flight: each takes some hundred KiB until it is processed.
    private static let mostInFlight = 32

    /// - Parameters:
    ///   - root: the prefix that the pattern follows.
    ///   - recent: the keys read before under each prefix. The prefixes are relative to `root`, the keys whole, the
    ///     times of the monotonic clock.
    ///   - following: applies to each prefix; `maximumBytes` applies to all prefixes together.
    package init(
        root: [UInt8], pattern: PrefixPattern, recent: [[UInt8]: RecentKeys] = [:], _ following: Following
    ) {
        self.root = root
        self.pattern = pattern
        self.recent = recent
        self.following = following
    }

    package var isAtEnd: Bool { isOver }

    // MARK: time

    package mutating func pass(to now: Int) {
        self.now = now
        guard !isOver else { return }
        if lastNews == nil {
            lastNews = now
            watch(after: [], segments: 0)
        }
        if isIdle {
            isOver = true
            polling.removeAll()
            return
        }
        let due = nextDue ?? earliestDue
        nextDue = due
        guard due <= now else { return }
        for index in watches.indices where !watches[index].list.isPolling { begin(index) }
        nextDue = nil
    }

    /// True if nothing is new: each prefix was polled once more after the end of the idle time, to find keys
    /// written during it.
    private var isIdle: Bool {
        guard case .idle(let silence) = following.end, let lastNews, now - lastNews >= silence else {
            return false
        }
        return watches.allSatisfy { $0.list.completedStart.map { $0 - lastNews >= silence } ?? false }
    }

    private var earliestDue: Int {
        watches.compactMap { $0.list.untilDue(now: now) }.min().map { now + $0 } ?? .max
    }

    package func untilDue(now: Int) -> Int? {
        guard !isOver else { return nil }
        let due = nextDue ?? earliestDue
        return watches.isEmpty ? 0 : due == .max ? nil : max(0, due - now)
    }

    private mutating func begin(_ index: Int) {
        watches[index].list.pass(to: now)
        if watches[index].list.isPolling { polling.append(index) }
    }

    // MARK: prefixes

    /// Adds the lists for the prefixes that start with `base`, relative to the root.
    private mutating func watch(after base: [UInt8], segments: Int) {
        switch pattern.step(after: base, segments: segments) {
        case .whole(let prefix): add(prefix, followed(prefix), segment: nil)
        case .level(let base, let start, let segment):
            let list = LevelList(
                pattern, segment: segment, base: root + base, start: root + start,
                interval: following.end == .firstPoll ? nil : following.interval)
            add(base, list, segment: segment)
        }
    }

    private mutating func add(_ prefix: [UInt8], _ list: any PolledList, segment: Int?) {
        guard known.insert(prefix).inserted else { return }
        watches.append(Watch(list: list, segment: segment))
        begin(watches.count - 1)
        nextDue = nil
    }

    private mutating func followed(_ prefix: [UInt8]) -> FollowList {
        var following = following
        // The end is that of all prefixes.
        if following.end != .firstPoll { following.end = .never }
        return FollowList(
            prefix: root + prefix, recent: recent.removeValue(forKey: prefix) ?? RecentKeys(), following)
    }

    // MARK: pages

    /// The approximate memory of prefetched pages, in bytes.
    package var heldBytes: Int { polling.reduce(0) { $0 + watches[$1].list.heldBytes } }

    package mutating func requests(free: Int) -> [ListRequest] {
        var room = min(free, Self.mostInFlight - inFlight.count)
        let isFull = heldBytes >= following.maximumBytes
        // If memory is full, keys that are ready are returned first. If there are none, only pages are
        // requested that make some ready.
        guard room > 0, !isFull || ready.isEmpty else { return [] }
        var requests: [ListRequest] = []
        for place in polling.indices where room > 0 {
            let index = polling[place]
            let asked =
                isFull
                ? watches[index].list.nextRequest().map { [$0] } ?? []
                : watches[index].list.requests(free: room)
            for request in asked {
                nextNumber += 1
                inFlight[nextNumber] = (index, request.number)
                requests.append(ListRequest(number: nextNumber, operation: request.operation))
            }
            room -= isFull && !asked.isEmpty ? room : asked.count
        }
        // Round robin: another list is first the next time.
        if polling.count > 1 { polling.append(polling.removeFirst()) }
        return requests
    }

    package mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        guard let (index, inner) = inFlight.removeValue(forKey: number), !isOver else { return }
        watches[index].list.received(inner, result)
        guard !watches[index].isReady else { return }
        watches[index].isReady = true
        ready.append(index)
    }

    package mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        while let index = ready.popFirst() {
            watches[index].isReady = false
            // The response may be late.
            guard watches[index].list.isPolling else { continue }
            watches[index].list.pass(to: now)
            guard let objects = try watches[index].list.next() else {
                if !watches[index].list.isPolling { ended(index) }
                continue
            }
            // Other lists have their turn before its next page.
            watches[index].isReady = true
            ready.append(index)
            lastNews = now
            guard let segment = watches[index].segment else { return objects }
            for object in objects { watch(after: [UInt8](object.key[root.count...]), segments: segment + 1) }
        }
        return nil
    }

    private mutating func ended(_ index: Int) {
        polling.removeAll { $0 == index }
        nextDue = nil
        if following.end == .firstPoll, polling.isEmpty { isOver = true }
    }
}
