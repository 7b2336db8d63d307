import ByteIO

/// A list that goes on from poll to poll.
protocol PolledList: KeyList {
    /// True while a poll is under way.
    var isPolling: Bool { get }
    /// When the latest poll began that has ended, by the monotonic clock in milliseconds.
    var completedStart: Int? { get }
    /// What is held ahead of its turn takes, about.
    var heldBytes: Int { get }
}

/// The common prefixes of one level that match a segment of a pattern, each once, and those that come later. A plain
/// state machine: times and pages in, requests and prefixes out.
struct LevelList: PolledList {
    private let pattern: PrefixPattern
    private let segment: Int
    /// The whole key up to the level, its last `/` included.
    private let base: [UInt8]
    /// What is listed: `base` and what the segment begins with.
    private let start: [UInt8]
    /// From one poll to the next, in milliseconds; nil if one is all.
    private let interval: Int?

    /// What is listed now; nil between two polls.
    private var list: FolderList?
    private var pollStart: Int?
    private(set) var completedStart: Int?
    private var known: Set<[UInt8]> = []

    init(_ pattern: PrefixPattern, segment: Int, base: [UInt8], start: [UInt8], interval: Int?) {
        self.pattern = pattern
        self.segment = segment
        self.base = base
        self.start = start
        self.interval = interval
    }

    var isPolling: Bool { list != nil }
    var isAtEnd: Bool { interval == nil && completedStart != nil }
    /// A page at most, of which little is kept.
    var heldBytes: Int { 0 }

    mutating func pass(to now: Int) {
        guard untilDue(now: now) == 0 else { return }
        pollStart = now
        list = FolderList(prefix: start, delimiter: [PrefixPattern.slash])
    }

    func untilDue(now: Int) -> Int? {
        guard list == nil else { return nil }
        guard let pollStart else { return 0 }
        return interval.map { max(0, pollStart + $0 - now) }
    }

    mutating func requests(free: Int) -> [ListRequest] { list?.requests(free: free) ?? [] }

    // A poll ends with its last page, so no page of an earlier one is on its way.
    mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        list?.received(number, result)
    }

    mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        while let entries = try list?.next() {
            let found = entries.filter { isMatch($0) && known.insert($0.key).inserted }
            if !found.isEmpty { return found }
        }
        if list?.isAtEnd ?? false {
            list = nil
            completedStart = pollStart
        }
        return nil
    }

    private func isMatch(_ entry: ListObjectsV2.Object) -> Bool {
        guard entry.isCommonPrefix, entry.key.starts(with: base), entry.key.last == PrefixPattern.slash else {
            return false
        }
        let name = entry.key[base.count...].dropLast()
        return !name.contains(PrefixPattern.slash) && pattern.matches(name, segment: segment)
    }
}
