import ByteIO

/// All keys under a prefix, in order, asked for at many places at once. A plain state machine: pages in, requests and
/// keys out.
///
/// The range of keys is cut into segments. Each is a list of its own that begins after a guessed key (`start-after`)
/// and goes on page by page until it meets the next: its first key beyond must be the first key that the next one
/// found. So what is given out is, page for page, the list that the service would have given without any guess,
/// whatever its order is and however it reads `start-after`. Where two do not meet, the first one goes on alone.
///
/// Guesses cost requests, and some find nothing. There are only as many as keep all requests below twice the pages
/// and 64, and as there are free connections. What was listed ahead of its turn is held, up to a limit of bytes.
package struct ParallelList: KeyList {
    package typealias Request = ListRequest

    let prefix: [UInt8]
    private let startAfter: [UInt8]?
    let endBefore: [UInt8]?
    let readsDetails: Bool
    private let maximumBytes: Int

    /// In the order of their keys. The first one is where keys are given out.
    var segments: [Segment]
    var alphabet = KeyAlphabet()
    /// What each request in flight is for.
    var inFlight: [Int: Purpose] = [:]
    private(set) var nextNumber = 0
    private var nextSegment = 1
    /// False once the service was caught not to list in order, or to misread `start-after`.
    package private(set) var isParallel: Bool
    /// Why the first segment cannot go on.
    private var failure: S3Error?

    /// Keys of a whole page: what the service gives at most.
    var pageSize = 1
    private var pages = 0
    var keys = 0
    private var bytes = 0
    /// What is held ahead of its turn takes, about.
    package private(set) var heldBytes = 0
    private(set) var heldPages = 0

    enum Purpose {
        /// The next page of this segment.
        case page(Int)
        /// The first page after this guess, which was made for that segment.
        case guess([UInt8], ObjectListing, for: Int)
    }

    /// A part of the list.
    struct Segment {
        let number: Int
        var listing: ObjectListing
        /// It began after this key; nil for the first of a whole list.
        let after: [UInt8]?
        /// The first key that it found.
        var first: [UInt8]?
        /// The last one.
        var last: [UInt8]?
        /// Nothing lies between here and its end.
        var emptyAfter: [UInt8]?
        /// The keys of its latest page.
        var density: (first: [UInt8], last: [UInt8], count: Int)?
        var held: [[ListObjectsV2.Object]] = []
        var isDone = false
        var isInFlight = false
        var guesses = 0
        /// About how many pages are left; nil if it has to be estimated again.
        var left: Double?
    }

    /// - Parameters:
    ///   - startAfter: a whole key; the list begins after it.
    ///   - endBefore: a whole key; the list ends before it.
    ///   - isParallel: false if it is to be listed page by page.
    ///   - maximumBytes: how much may be held ahead of its turn, in bytes.
    package init(
        prefix: [UInt8], startAfter: [UInt8]? = nil, endBefore: [UInt8]? = nil, readsDetails: Bool = false,
        isParallel: Bool = true, maximumBytes: Int
    ) {
        self.prefix = prefix
        self.startAfter = startAfter
        self.endBefore = endBefore
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

    /// True once all keys have been given out.
    package var isAtEnd: Bool { segments.isEmpty }
    /// How many requests were made.
    package var requestCount: Int { nextNumber }

    /// The next keys; nil if they are not known yet, or at the end.
    ///
    /// - Throws: why there will be no more.
    package mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        while let first = segments.first {
            if !first.held.isEmpty {
                let objects = segments[0].held.removeFirst()
                heldPages -= 1
                heldBytes -= Self.size(of: objects)
                return objects
            }
            guard first.isDone else { break }
            segments.removeFirst()
        }
        if let failure { throw failure }
        return nil
    }

    /// What holding them takes, about.
    private static func size(of objects: [ListObjectsV2.Object]) -> Int {
        objects.reduce(0) {
            $0 + $1.key.count + 96 + ($1.details.map { $0.etag.count + $0.lastModified.count + 96 } ?? 0)
        }
    }

    // MARK: requests

    /// How many pages may be held or on their way.
    var window: Int { bytes == 0 ? 64 : max(8, maximumBytes / max(1, bytes / pages)) }

    /// The requests to make now, the more urgent ones first.
    ///
    /// - Parameter free: how many connections have nothing to do.
    package mutating func requests(free: Int) -> [Request] {
        guard failure == nil, free > 0 else { return [] }
        var requests: [Request] = []
        let window = window
        var position = 0.0
        var open: [(index: Int, position: Double)] = []
        for index in segments.indices {
            if !segments[index].isDone {
                let isFirst = open.isEmpty
                let hasRoom =
                    position < Double(window) && heldPages + inFlight.count < window
                if !segments[index].isInFlight, requests.count < free, isFirst || hasRoom {
                    if let operation = segments[index].listing.next() {
                        segments[index].isInFlight = true
                        requests.append(request(operation, .page(segments[index].number)))
                    }
                }
                open.append((index, position))
                position += estimate(index)
            }
            position += Double(segments[index].held.count)
            if position > Double(window), requests.count == free { break }
        }
        guard isParallel, requests.count < free, pages > 0 else { return requests }
        return requests + guesses(free: free - requests.count, among: open)
    }

    mutating func request(_ operation: ListObjectsV2, _ purpose: Purpose) -> Request {
        inFlight[nextNumber] = purpose
        defer { nextNumber += 1 }
        return Request(number: nextNumber, operation: operation)
    }

    // MARK: pages

    /// What `requests` gave has ended.
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
            // What comes before it is given out first; the segment before it may come so far as well.
            if segments[..<index].allSatisfy(\.isDone) { failure = error } else { listPageByPage() }
        }
    }

    private mutating func receivedGuess(
        _ key: [UInt8], _ listing: ObjectListing, _ result: Result<ListObjectsV2.Page, S3Error>
    ) {
        // The segment that reaches over the guess.
        guard isParallel, let index = segments.lastIndex(where: { $0.after.map { $0.precedes(key) } ?? true })
        else { return }
        var listing = listing
        let page: ListObjectsV2.Page
        do throws(S3Error) {
            page = try listing.received(result.get())
        } catch { return listPageByPage() }
        count(page)
        guard page.objects.isInOrder(after: key) else { return listPageByPage() }
        guard !segments[index].isDone, segments[index].last.map({ $0.precedes(key) }) ?? true else { return }
        let beyond = index + 1 < segments.count ? segments[index + 1].first : endBefore
        guard let first = page.objects.first?.key, beyond.map({ first.precedes($0) }) ?? true else {
            guard !page.objects.isEmpty || listing.isAtEnd else { return }
            // Nothing lies between the guess and the end of that segment.
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

    /// Learns from a page, whatever it is for.
    private mutating func count(_ page: ListObjectsV2.Page) {
        guard !page.objects.isEmpty else { return }
        pages += 1
        bytes += Self.size(of: page.objects)
        pageSize = max(pageSize, page.objects.count)
        if isParallel { alphabet.learn(page.objects) }
    }

    /// Adds the keys that a segment's own list gave to it, as far as they are its own.
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
            // They do not meet: what the next one found has gone, or more has come before it.
            remove(index + 1)
        }
        hold([ListObjectsV2.Object](objects[..<end]), in: index)
        segments[index].isDone = isOver
    }

    /// The same on a service whose order is not known: all that it gives, but what was not asked for.
    private mutating func appendAny(_ objects: [ListObjectsV2.Object], to index: Int) {
        let wanted = objects.filter { object in
            (startAfter.map { $0.precedes(object.key) } ?? true)
                && (endBefore.map { object.key.precedes($0) } ?? true)
        }
        hold(wanted, in: index)
        segments[index].isDone = segments[index].listing.isAtEnd
    }

    private mutating func hold(_ objects: [ListObjectsV2.Object], in index: Int) {
        guard let last = objects.last else { return }
        segments[index].last = last.key
        segments[index].held.append(objects)
        keys += objects.count
        heldPages += 1
        heldBytes += Self.size(of: objects)
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
        for objects in segment.held {
            heldPages -= 1
            heldBytes -= Self.size(of: objects)
            keys -= objects.count
        }
    }

    /// From here on one page comes after the other: the first segment that is not done goes on alone.
    private mutating func listPageByPage() {
        isParallel = false
        guard let index = segments.firstIndex(where: { !$0.isDone }) else { return }
        while segments.count > index + 1 { remove(segments.count - 1) }
    }
}
