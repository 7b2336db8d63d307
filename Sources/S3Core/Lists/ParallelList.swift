import ByteIO

/// Lists all keys under a prefix in order, with concurrent requests. A state machine: pages in, requests and
/// keys out.
///
/// The key range is divided into segments. Each is listed separately: it starts after a guessed key
/// (`start-after`) and continues page by page until it meets the next segment: its first key beyond the guess
/// must be the first key that the next segment found. So the output is the listing that the service would
/// have returned without any guess, whatever its order and its treatment of `start-after`. If two segments do
/// not meet, the next one is dropped and the first continues alone.
///
/// Guesses cost requests, and some find nothing. They are limited so that all requests stay below twice the
/// number of pages plus 64, and by the number of idle connections. Prefetched pages are packed and held in memory
/// up to a limit of bytes, which is lower for pages that are farther ahead.
package struct ParallelList: KeyList {
    package typealias Request = ListRequest

    let prefix: [UInt8]
    private let startAfter: [UInt8]?
    let endBefore: [UInt8]?
    let readsDetails: Bool
    private let maximumBytes: Int

    /// In key order. Keys are returned from the first segment.
    var segments: [Segment]
    var alphabet = KeyAlphabet()
    /// The purpose of each request in flight.
    var inFlight: [Int: Purpose] = [:]
    private(set) var nextNumber = 0
    private var nextSegment = 1
    /// False once the service has shown that it does not list in byte order or ignores `start-after`.
    package private(set) var isParallel: Bool
    /// False once a request for keys that are not next has failed.
    private var mayGuess = true
    /// The error that stopped the first segment.
    private var failure: S3Error?

    /// The number of keys in a full page.
    var keysOfPage = 1
    private var pages = 0
    var keys = 0
    /// The pages packed so far and their memory in bytes, from which the memory of a page is estimated.
    private var packedPages = 0
    private var packedBytes = 0
    /// The approximate memory of prefetched pages, in bytes.
    package private(set) var heldBytes = 0

    enum Purpose {
        /// The next page of this segment.
        case page(Int)
        /// The first page after this guess, which splits the given segment.
        case guess([UInt8], ObjectListing, for: Int)
    }

    /// A prefetched page.
    enum HeldPage {
        /// The page is next in the output.
        case objects([ListObjectsV2.Object])
        case packed(PackedObjects)

        /// The approximate memory of the page, in bytes.
        var size: Int {
            switch self {
            case .objects(let objects): ParallelList.size(of: objects)
            case .packed(let packed): packed.size
            }
        }

        /// The number of objects.
        var count: Int {
            switch self {
            case .objects(let objects): objects.count
            case .packed(let packed): packed.count
            }
        }
    }

    /// A segment of the listing.
    struct Segment {
        let number: Int
        var listing: ObjectListing
        /// The segment starts after this key; nil for the first of a whole listing.
        let after: [UInt8]?
        /// The first key found.
        var first: [UInt8]?
        /// The last key found.
        var last: [UInt8]?
        /// There are no keys between this one and the segment's end.
        var emptyAfter: [UInt8]?
        /// The first and last key of its latest page, and their number.
        var density: (first: [UInt8], last: [UInt8], count: Int)?
        var held = Queue<HeldPage>()
        var isDone = false
        var isInFlight = false
        var guesses = 0
        /// The estimated number of pages left; nil if it must be estimated again.
        var left: Double?
    }

    /// - Parameters:
    ///   - startAfter: a whole key; the listing starts after it.
    ///   - endBefore: a whole key; the listing ends before it.
    ///   - isParallel: false to list page by page.
    ///   - maximumBytes: the memory limit for prefetched pages, in bytes.
    package init(
        prefix: [UInt8], startAfter: [UInt8]? = nil, endBefore: [UInt8]? = nil, readsDetails: Bool = false,
        isParallel: Bool = true, maximumBytes: Int
    ) {
        self.prefix = prefix
        self.startAfter = startAfter
        // A key after all keys with the prefix is no end: it tells nothing about where they are.
        let isEnd = endBefore.map { !prefix.precedes($0) || $0.starts(with: prefix) } ?? false
        self.endBefore = isEnd ? endBefore : nil
        self.readsDetails = readsDetails
        self.isParallel = isParallel
        self.maximumBytes = maximumBytes
        segments = [
            Segment(
                number: 0,
                listing: ObjectListing(prefix: prefix, startAfter: startAfter, readsDetails: readsDetails),
                after: startAfter)
        ]
    }

    // MARK: keys

    /// True once all keys have been returned.
    package var isAtEnd: Bool { segments.isEmpty }
    /// The number of requests made.
    package var requestCount: Int { nextNumber }

    /// The next keys; nil at the end, or if they have not arrived yet.
    ///
    /// - Throws: the error that ended the listing.
    package mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        // Without a copy of the first segment, which would make the queue copy its elements.
        while !segments.isEmpty {
            if let page = segments[0].held.popFirst() {
                heldBytes -= page.size
                switch page {
                case .objects(let objects): return objects
                case .packed(let packed): return packed.objects
                }
            }
            guard segments[0].isDone else { break }
            segments.removeFirst()
        }
        if let failure { throw failure }
        return nil
    }

    /// The approximate memory of objects that are not packed, in bytes.
    private static func size(of objects: [ListObjectsV2.Object]) -> Int {
        objects.reduce(0) {
            $0 + $1.key.count + 96 + ($1.details.map { $0.etag.count + $0.lastModified.count + 96 } ?? 0)
        }
    }

    // MARK: requests

    /// The estimated memory of a packed page, in bytes.
    private var pageSize: Int { packedPages == 0 ? 1 << 17 : max(1, packedBytes / packedPages) }

    /// How many pages ahead of the output are listed. Near segments have been listed for longer than far ones, so on
    /// average only a part of the pages within reach is held: the reach can be longer than memory allows for all.
    var reach: Double { max(8, Self.reachOfMemory * Double(maximumBytes) / Double(pageSize)) }
    private static let reachOfMemory = 1.5

    /// How many more pages may be held or in flight for a segment that starts `position` pages ahead of the output.
    func room(at position: Double) -> Double {
        let share = 1 - Self.keptForNearer * min(1, position / reach)
        return (share * Double(maximumBytes) - Double(heldBytes)) / Double(pageSize) - Double(inFlight.count)
    }
    private static let keptForNearer = 0.25

    /// The requests to make now, the most urgent first.
    ///
    /// - Parameter free: the number of idle connections.
    package mutating func requests(free: Int) -> [Request] {
        guard failure == nil, free > 0 else { return [] }
        var requests: [Request] = []
        let reach = reach
        var position = 0.0
        var open: [(index: Int, position: Double)] = []
        for index in segments.indices {
            position += Double(segments[index].held.count)
            guard !segments[index].isDone else { continue }
            // The page that is returned next is requested even if the memory limit is reached.
            let isNext = position == 0
            if requests.count < free, isNext || position < reach && room(at: position) >= 1,
                let request = pageRequest(index)
            {
                requests.append(request)
            }
            open.append((index, position))
            position += estimate(index)
            if position > reach, requests.count == free { break }
        }
        guard isParallel, mayGuess, requests.count < free, pages > 0 else { return requests }
        return requests + guesses(free: free - requests.count, among: open)
    }

    /// The request for the page that is returned next; nil if it was made already.
    package mutating func nextRequest() -> Request? {
        guard failure == nil, let index = segments.firstIndex(where: { !$0.isDone }),
            segments[...index].allSatisfy(\.held.isEmpty)
        else { return nil }
        return pageRequest(index)
    }

    private mutating func pageRequest(_ index: Int) -> Request? {
        guard !segments[index].isInFlight, let operation = segments[index].listing.next() else { return nil }
        segments[index].isInFlight = true
        return request(operation, .page(segments[index].number))
    }

    mutating func request(_ operation: ListObjectsV2, _ purpose: Purpose) -> Request {
        inFlight[nextNumber] = purpose
        defer { nextNumber += 1 }
        return Request(number: nextNumber, operation: operation)
    }

    // MARK: pages

    /// Takes the result of a request that `requests` returned.
    package mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        guard let purpose = inFlight.removeValue(forKey: number) else { return }
        switch purpose {
        case .page(let segment):
            guard let index = segments.firstIndex(where: { $0.number == segment }) else { return }
            receivedPage(index, result)
        case .guess(let key, let listing, let segment):
            if let index = segments.firstIndex(where: { $0.number == segment }) {
                segments[index].guesses -= 1
            }
            receivedGuess(key, listing, result)
        }
    }

    private mutating func receivedPage(_ index: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        segments[index].isInFlight = false
        do throws(S3Error) {
            let page = try segments[index].listing.received(result.get())
            count(page)
            append(page.objects, to: index)
        } catch {
            // Keys of earlier segments are returned first, and one of them may continue past this point
            // without the error.
            guard let open = segments[..<index].lastIndex(where: { !$0.isDone }) else {
                failure = error
                return
            }
            mayGuess = false
            for _ in open..<index { remove(open + 1) }
        }
    }

    private mutating func receivedGuess(
        _ key: [UInt8], _ listing: ObjectListing, _ result: Result<ListObjectsV2.Page, S3Error>
    ) {
        // The segment that contains the guess.
        guard isParallel, let index = segments.lastIndex(where: { $0.after.map { $0.precedes(key) } ?? true })
        else { return }
        var listing = listing
        let page: ListObjectsV2.Page
        do throws(S3Error) {
            page = try listing.received(result.get())
        } catch {
            mayGuess = false
            return
        }
        count(page)
        guard page.objects.isInOrder(after: key) else { return listPageByPage() }
        guard !segments[index].isDone, segments[index].last.map({ $0.precedes(key) }) ?? true else { return }
        let beyond = index + 1 < segments.count ? segments[index + 1].first : endBefore
        guard let first = page.objects.first?.key, beyond.map({ first.precedes($0) }) ?? true else {
            guard !page.objects.isEmpty || listing.isAtEnd else { return }
            // There are no keys between the guess and the segment's end.
            if segments[index].emptyAfter.map({ key.precedes($0) }) ?? true {
                segments[index].emptyAfter = key
                segments[index].left = nil
            }
            return
        }
        var segment = Segment(number: nextSegment, listing: listing, after: key)
        nextSegment += 1
        segment.emptyAfter = segments[index].emptyAfter
        segments[index].emptyAfter = nil
        segments[index].left = nil
        segments.insert(segment, at: index + 1)
        append(page.objects, to: index + 1)
    }

    /// Updates the statistics with a page.
    private mutating func count(_ page: ListObjectsV2.Page) {
        guard !page.objects.isEmpty else { return }
        pages += 1
        keysOfPage = max(keysOfPage, page.objects.count)
        if isParallel { alphabet.learn(page.objects) }
    }

    /// Appends a page to a segment, up to the segment's end.
    private mutating func append(_ objects: [ListObjectsV2.Object], to index: Int) {
        guard isParallel, objects.isInOrder(after: segments[index].last ?? segments[index].after) else {
            if isParallel { listPageByPage() }
            if index < segments.count { appendAny(objects, to: index) }
            return
        }
        if let first = objects.first, let last = objects.last {
            segments[index].first = segments[index].first ?? first.key
            segments[index].density = (first.key, last.key, objects.count)
        }
        segments[index].left = nil
        var isOver = segments[index].listing.isAtEnd
        var end = objects.count
        if let endBefore, let last = objects.last, !last.key.precedes(endBefore) {
            end = Self.firstIndex(in: objects) { !$0.precedes(endBefore) }
            isOver = true
        }
        while index + 1 < segments.count {
            guard let after = segments[index + 1].after else { break }
            let meeting = Self.firstIndex(in: objects) { after.precedes($0) }
            guard meeting < objects.count || isOver else { break }
            if meeting < end, objects[meeting].key == segments[index + 1].first {
                end = meeting
                isOver = true
                break
            }
            // The segments do not meet: the next one's first key was deleted, or a new key was written before
            // it.
            remove(index + 1)
        }
        hold(end == objects.count ? objects : [ListObjectsV2.Object](objects[..<end]), in: index)
        if isOver { close(index) }
    }

    /// Appends a page if the service's order is not known: all keys of the requested range.
    private mutating func appendAny(_ objects: [ListObjectsV2.Object], to index: Int) {
        let wanted = objects.filter { object in
            (startAfter.map { $0.precedes(object.key) } ?? true)
                && (endBefore.map { object.key.precedes($0) } ?? true)
        }
        hold(wanted, in: index)
        if segments[index].listing.isAtEnd { close(index) }
    }

    private mutating func close(_ index: Int) {
        segments[index].isDone = true
        segments[index].listing.forget()
    }

    private mutating func hold(_ objects: [ListObjectsV2.Object], in index: Int) {
        guard let last = objects.last else { return }
        segments[index].last = last.key
        keys += objects.count
        let page: HeldPage
        if index == 0, segments[index].held.isEmpty, packedPages > 0 {
            page = .objects(objects)
        } else {
            let packed = PackedObjects(objects)
            packedPages += 1
            packedBytes += packed.size
            page = .packed(packed)
        }
        segments[index].held.append(page)
        heldBytes += page.size
    }

    private static func firstIndex(
        in objects: [ListObjectsV2.Object], where isBeyond: ([UInt8]) -> Bool
    ) -> Int {
        var (low, high) = (0, objects.count)
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(objects[middle].key) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func remove(_ index: Int) {
        let segment = segments.remove(at: index)
        segments[index - 1].emptyAfter = segment.emptyAfter
        segments[index - 1].left = nil
        for page in segment.held.elements {
            heldBytes -= page.size
            keys -= page.count
        }
    }

    /// From now on, lists page by page: the first unfinished segment continues alone.
    private mutating func listPageByPage() {
        isParallel = false
        guard let index = segments.firstIndex(where: { !$0.isDone }) else { return }
        while segments.count > index + 1 { remove(segments.count - 1) }
    }
}
