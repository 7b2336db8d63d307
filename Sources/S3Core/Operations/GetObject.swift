import ByteIO
package import HTTPTransfer

/// Receives the bytes of an object, or of a range of it, as they arrive.
package protocol ObjectSink: AnyObject {
    /// The first response's head, before any bytes. Not called again when the download resumes after a lost
    /// connection.
    ///
    /// - Returns: false to cancel before the body.
    func began(_ head: ObjectHead) -> Bool
    /// The next bytes. They have no gaps or repetitions, even if the download resumed.
    ///
    /// - Parameter bytes: if the sink returns `enough`, it ignores bytes after those that it needs.
    func received(_ bytes: RawSpan) -> Received
    /// The last call: nil if the download is complete, otherwise the error.
    func ended(_ error: S3Error?)
}

/// Fetches an object or a range of it. If the connection is lost, the next attempt resumes at the same byte.
///
/// All offsets and sizes are those of the object as stored: if an intermediary has compressed the response,
/// it is decompressed before bytes are counted.
package struct GetObject: S3Operation {
    package static let name = "GetObject"

    let key: [UInt8]
    /// The requested bytes; nil for the whole object.
    private let range: Range<Int>?
    private let ifMatch: [UInt8]?
    /// Whether to request the checksum.
    private let asksForChecksum: Bool
    /// Size and ETag from a listing or an earlier response.
    private let known: KnownObject?
    /// True if no intermediary that might change a response is expected.
    var isDirect = false
    let sink: any ObjectSink

    /// The first response's head.
    private var head: ObjectHead?
    /// The object's size in bytes; nil until a response contains it.
    private var size: Int?
    /// The number of bytes that the sink has received.
    private var count = 0
    /// The offset at which this attempt's range starts.
    private var asked = 0
    /// The offset in the object of the next byte of this attempt's response; nil until its head is processed.
    private var position: Int?
    /// The sink has returned `enough` before the end of the object.
    private var hasEnough = false
    /// The error in this attempt's response.
    private var problem: S3Error?
    /// The offset in the object where this attempt's response ends; nil if the response has no Content-Range.
    private var responseEnd: Int?
    /// Decompresses this attempt's response if it was compressed in transit.
    private var decoder: TransitDecoder?
    private var stored = StoredObject.notNeeded

    /// What is known about the stored object if the response alone does not show how it is encoded.
    private enum StoredObject {
        case notNeeded
        /// It must be requested in this way.
        case wanted(ObjectProbe.Way)
        case requested(ObjectProbe.Way)
        case known(ObjectHead)
        /// Neither way gave a result.
        case unknown

        var head: ObjectHead? { if case .known(let head) = self { head } else { nil } }
    }

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - range: the requested bytes; the object may end earlier.
    ///   - ifMatch: the ETag that the object must have.
    ///   - asksForChecksum: whether to request the object's checksum in the response's head.
    ///   - known: the object's size and ETag, if known; a response that contradicts them is an error.
    ///   - sink: receives the bytes.
    package init(
        key: [UInt8], range: Range<Int>? = nil, ifMatch: [UInt8]? = nil, asksForChecksum: Bool = false,
        known: KnownObject? = nil, sink: any ObjectSink
    ) {
        self.known = known
        self.key = key
        self.range = range
        self.ifMatch = ifMatch
        self.asksForChecksum = asksForChecksum
        self.sink = sink
    }

    package var progress: Int { count }

    package mutating func request() -> S3Request {
        position = nil
        problem = nil
        responseEnd = nil
        decoder = nil
        var request = S3Request(.get, key: key)
        if asksForChecksum { request.headers = [ChecksumMode.field] }
        asked = next
        if range != nil || count > 0 {
            // If all bytes may have arrived but not the end of the response, the last byte is requested
            // again: an empty range would be refused.
            if count > 0, end == nil || next == end { asked -= 1 }
            let last = range.map { String($0.upperBound - 1) } ?? ""
            request.headers.append(HTTPHeader("range", "bytes=\(asked)-\(last)"))
        }
        if let etag = ifMatch ?? (count > 0 ? head?.strongETag : nil) {
            request.headers.append(HTTPHeader(Self.ifMatchName, etag))
        }
        return request
    }

    private static let ifMatchName = [UInt8]("if-match".utf8)

    /// The offset in the object of the next byte for the sink.
    private var next: Int { (range?.lowerBound ?? 0) + count }
    /// The offset after the last requested byte; nil if it is not known.
    private var end: Int? {
        guard let size else { return range?.upperBound }
        return min(range?.upperBound ?? size, size)
    }

    package mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received {
        if position == nil {
            switch begin(ObjectHead(head)) {
            case .taken: break
            case let other: return other
            }
        }
        guard let decoder else { return deliver(bytes) }
        do {
            return try decoder.decode(bytes) { deliver($0) }
        } catch {
            problem = S3Error(
                .damaged, "the response was compressed in transit and cannot be decompressed: \(error)")
            return .cancel
        }
    }

    /// Passes the requested bytes to the sink.
    private mutating func deliver(_ bytes: RawSpan) -> Received {
        guard let position else { return .cancel }
        if let responseEnd, position + bytes.byteCount > responseEnd {
            problem = S3Error(.damaged, "the response is longer than its Content-Range")
            return .cancel
        }
        // A server that ignores Range sends the whole object: bytes that the sink already has or did not
        // request are dropped.
        let skipped = min(max(0, next - position), bytes.byteCount)
        let wanted = min(bytes.byteCount - skipped, (range?.upperBound ?? .max) - next)
        if wanted > 0 {
            switch sink.received(bytes.extracting(droppingFirst: skipped).extracting(first: wanted)) {
            case .pause: return .pause
            case .cancel: return .cancel
            case .enough: hasEnough = true
            case .taken, .gather: break
            }
        }
        self.position = position + bytes.byteCount
        count += wanted
        return hasEnough || skipped + wanted < bytes.byteCount ? .enough : .taken
    }

    // MARK: the stored object

    /// The request whose response the paused transfer needs to continue. Returns each one once.
    mutating func nextProbe() -> ObjectProbe? {
        guard case .wanted(let way) = stored else { return nil }
        stored = .requested(way)
        return ObjectProbe(key: key, way: way)
    }

    /// Records the result of `nextProbe`.
    mutating func probed(_ result: Result<ObjectHead, S3Error>) {
        guard case .requested(let way) = stored else { return }
        if case .success(let head) = result, head.objectSize != nil, way == .head || head.isPartial {
            stored = .known(head)
        } else {
            stored = way == .head ? .wanted(.byte) : .unknown
        }
    }

    /// How this attempt's response is encoded; nil if that is not known yet.
    private mutating func coding(_ response: ObjectHead) -> BodyCoding? {
        let coding = BodyCoding(of: response, known: known, stored: stored.head, isDirect: isDirect)
        guard coding == .unknown else { return coding }
        switch stored {
        case .unknown:
            let name = response.contentCodings.joined(separator: ", ")
            return .unusable(
                name.isEmpty
                    ? "the response does not give the length of the object"
                    : "the response does not say whether the object is stored as \(name)")
        case .notNeeded: stored = .wanted(.head)
        case .wanted, .requested, .known: break
        }
        return nil
    }

    // MARK: the head of a response

    /// Processes the head of an attempt's response.
    ///
    /// - Returns: what to do with the body; `taken` if the head is valid.
    private mutating func begin(_ response: ObjectHead) -> Received {
        guard let coding = coding(response) else { return .pause }
        do throws(S3Error) {
            try check(response, coding)
        } catch {
            problem = error
            return .cancel
        }
        position = response.contentRange?.bytes.lowerBound ?? 0
        responseEnd = response.contentRange?.bytes.upperBound
        var whole = response
        if case .compressed(let format) = coding, let head = stored.head {
            decoder = TransitDecoder(format)
            whole = ObjectHead(response, as: head)
        }
        size =
            size ?? whole.objectSize ?? stored.head?.objectSize ?? response.googleStoredSize
            ?? knownSize(whole)
        guard head == nil else { return .taken }
        head = whole
        return sink.began(whole) ? .taken : .cancel
    }

    /// - Throws: if the response cannot be used.
    private func check(_ response: ObjectHead, _ coding: BodyCoding) throws(S3Error) {
        if let first = head {
            if first.etag == nil, count > 0 {
                throw S3Error(
                    .preconditionFailed,
                    "the connection was lost, and the download cannot resume: the response had no ETag")
            }
            let isSame = EntityTag.canBeSame(response.etag, first.etag)
            guard isSame, isOfSize(response, size, coding) else { throw Self.replaced }
        }
        if case .known(let stored) = stored, !EntityTag.canBeSame(response.etag, stored.etag) {
            throw Self.replaced
        }
        guard response.isS3 else {
            throw S3Error(.notS3, "the response is not from S3: it has neither ETag nor x-amz-request-id")
        }
        // For a body with bytes, the transfer has already checked this.
        guard response.hasEnd else { throw S3Error(.damaged, "the response has no Content-Length") }
        guard !response.isPartial || response.contentRange != nil else {
            throw S3Error(.notS3, "the response is partial (206) and has no Content-Range")
        }
        if case .unusable(let reason) = coding { throw S3Error(.notS3, reason) }
        if let range = response.contentRange {
            guard range.bytes.lowerBound <= next, range.bytes.lowerBound == asked else {
                throw S3Error(.notS3, "the response has a different range than requested")
            }
            if let length = response.contentLength, length != range.bytes.count {
                throw S3Error(
                    .damaged, "Content-Length and Content-Range of the response contradict each other")
            }
        }
        for expected in [knownSize(response), stored.head?.objectSize, response.googleStoredSize] {
            guard let expected, !isOfSize(response, expected, coding) else { continue }
            throw S3Error(
                .damaged, "expected an object of \(expected) bytes, found one of \(response.objectSize ?? 0)")
        }
    }

    private static let replaced = S3Error(.preconditionFailed, "the object was replaced while it was read")

    /// False if the response gives a size of the object other than `size`.
    private func isOfSize(_ response: ObjectHead, _ size: Int?, _ coding: BodyCoding) -> Bool {
        if case .compressed = coding { return true }
        guard let size, let found = response.objectSize else { return true }
        return size == found
    }

    /// The known size, if it belongs to the version in the response; the object may have been replaced since.
    private func knownSize(_ response: ObjectHead) -> Int? {
        guard let known else { return nil }
        guard let etag = known.etag, response.etag != nil else { return known.size }
        return EntityTag.canBeSame(etag, response.etag) ? known.size : nil
    }

    package mutating func output(_ response: S3Response) throws(S3Error) -> ObjectHead {
        // If the response had no body, its head has not been processed yet, and there is nothing to
        // decompress.
        if position == nil {
            let head = ObjectHead(response.head)
            if case nil = coding(head) { stored = .known(head) }
            guard begin(head) == .taken else { throw problem ?? S3Error(.cancelled, "cancelled") }
            decoder = nil
        }
        guard let head else { throw S3Error(.cancelled, "cancelled") }
        guard !hasEnough else { return head }
        do { try decoder?.end() } catch {
            throw S3Error(
                .damaged, "the response was compressed in transit and cannot be decompressed: \(error)")
        }
        if let responseEnd, let position, position != responseEnd {
            throw S3Error(.damaged, "the response is shorter than its Content-Range")
        }
        if size != nil, let end, next != end {
            let announced = end - (range?.lowerBound ?? 0)
            throw S3Error(.damaged, "expected \(announced) bytes, received \(count)")
        }
        return head
    }

    package func failure(_ error: S3Error) -> S3Error { problem ?? error }
}
