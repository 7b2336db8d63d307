import ByteIO

/// A list that is read by repeated polls.
protocol PolledList: KeyList {
    /// True while a poll is in progress.
    var isPolling: Bool { get }
    /// The start time of the latest completed poll, by the monotonic clock in milliseconds.
    var completedStart: Int? { get }
    /// The approximate memory of prefetched pages, in bytes.
    var heldBytes: Int { get }

    /// The request for the page that is returned next; nil if it was made already.
    mutating func nextRequest() -> ListRequest?
}

/// Lists the common prefixes of one level that match a segment of a pattern, and later new ones, each once. A
/// state machine: times and pages in, requests and prefixes out.
struct LevelList: PolledList {
    private let pattern: PrefixPattern
    private let segment: Int
    /// The prefix of the level, up to and including its last `/`.
    private let base: [UInt8]
    /// The prefix that is listed: `base` and the segment's literal start.
    private let start: [UInt8]
    /// The time between two polls in milliseconds; nil for a single poll.
    private let interval: Int?

    /// The listing in progress; nil between two polls.
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
    /// At most one page, of which little is kept.
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

    /// A level has no other requests.
    mutating func nextRequest() -> ListRequest? { requests(free: 1).first }

    // A poll ends with its last page, so there is no late response of an earlier poll.
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
