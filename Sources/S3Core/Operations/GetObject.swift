import ByteIO
package import HTTPTransfer

/// Takes the bytes of an object, or of a range of it, while they come.
package protocol ObjectSink: AnyObject {
    /// The first answer's head, before any of its bytes; not called again when a lost connection resumes.
    ///
    /// - Returns: false if the body is not wanted.
    func began(_ head: ObjectHead) -> Bool
    /// The next bytes, without gap or repetition, however many connections it took.
    ///
    /// - Parameter bytes: of which, with `enough`, only as many count as the sink wanted.
    func received(_ bytes: RawSpan) -> Received
    /// The last call: all that was wanted has come, or this is why it has not.
    func ended(_ error: S3Error?)
}

/// Fetches an object or a range of it, and goes on at the byte where a connection was lost.
package struct GetObject: S3Operation {
    package static let name = "GetObject"

    let key: [UInt8]
    /// Which bytes; nil is all of them.
    private let range: Range<Int>?
    private let ifMatch: [UInt8]?
    /// Whether the checksum is asked for.
    private let asksForChecksum: Bool
    let sink: any ObjectSink

    /// What the first answer said.
    private var head: ObjectHead?
    /// How many bytes the object has, once an answer told.
    private var size: Int?
    /// Bytes that the sink has.
    private var count = 0
    /// Which byte of the object this attempt asks for first.
    private var asked = 0
    /// Which byte of the object this attempt's answer brings next; nil until its head was read.
    private var position: Int?
    /// The sink has all it wants, though the object has more.
    private var hasEnough = false
    /// What is wrong with this attempt's answer.
    private var problem: S3Error?

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - range: the bytes that are wanted; the object may end before.
    ///   - ifMatch: the ETag that the object must still have.
    ///   - asksForChecksum: whether the answer shall have the object's checksum in its head.
    ///   - sink: takes the bytes.
    package init(
        key: [UInt8], range: Range<Int>? = nil, ifMatch: [UInt8]? = nil, asksForChecksum: Bool = false,
        sink: any ObjectSink
    ) {
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
        var request = S3Request(.get, key: key)
        // An object stored with Content-Encoding must come as it is: unsigned, since proxies change it.
        request.unsignedHeaders = Self.acceptEncoding
        if asksForChecksum { request.headers = [ChecksumMode.field] }
        asked = next
        if range != nil || count > 0 {
            // All may be here but the answer's end: then its last byte comes again, since a range without
            // bytes is refused.
            if count > 0, end == nil || next == end { asked -= 1 }
            let last = range.map { String($0.upperBound - 1) } ?? ""
            request.headers.append(HTTPHeader("range", "bytes=\(asked)-\(last)"))
        }
        if let etag = ifMatch ?? (count > 0 ? head?.strongETag : nil) {
            request.headers.append(HTTPHeader(Self.ifMatchName, etag))
        }
        return request
    }

    private static let acceptEncoding = [HTTPHeader("accept-encoding", "gzip")]
    private static let ifMatchName = [UInt8]("if-match".utf8)

    /// The byte of the object that the sink wants next.
    private var next: Int { (range?.lowerBound ?? 0) + count }
    /// The byte behind the last one that is wanted, as far as it is known.
    private var end: Int? {
        guard let size else { return range?.upperBound }
        return min(range?.upperBound ?? size, size)
    }

    package mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received {
        if position == nil, !begin(ObjectHead(head)) { return .cancel }
        guard let position else { return .cancel }
        // A server that ignores Range begins at the start and does not stop: what the sink has already is
        // dropped, and so is what it did not ask for.
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

    /// Reads the head of an attempt's answer.
    ///
    /// - Returns: false if its body is of no use.
    private mutating func begin(_ answer: ObjectHead) -> Bool {
        if let first = head {
            if first.etag == nil, count > 0 {
                problem = S3Error(
                    .preconditionFailed,
                    "the connection was lost, and without ETag nothing tells how to go on")
                return false
            }
            let isSameSize = answer.objectSize == nil || size == nil || answer.objectSize == size
            guard answer.etag == first.etag, isSameSize else {
                problem = S3Error(.preconditionFailed, "the object was replaced while it was read")
                return false
            }
        }
        guard answer.isS3 else {
            problem = S3Error(.notS3, "the answer is not S3's, it has neither ETag nor x-amz-request-id")
            return false
        }
        // Of a body with bytes the transfer has seen to it already.
        guard answer.hasEnd else {
            problem = S3Error(.damaged, "the answer has no length")
            return false
        }
        guard !answer.isPartial || answer.contentRange != nil else {
            problem = S3Error(.notS3, "the answer is a part of the object, and does not say which")
            return false
        }
        let start = answer.contentRange?.bytes.lowerBound ?? 0
        guard start <= next, answer.contentRange == nil || start == asked else {
            problem = S3Error(.notS3, "the answer is another range than the one asked for")
            return false
        }
        position = start
        size = size ?? answer.objectSize
        guard head == nil else { return true }
        head = answer
        return sink.began(answer)
    }

    package mutating func output(_ response: S3Response) throws(S3Error) -> ObjectHead {
        // An answer without a body has not been begun.
        if position == nil, !begin(ObjectHead(response.head)) {
            throw problem ?? S3Error(.cancelled, "cancelled")
        }
        guard let head else { throw S3Error(.cancelled, "cancelled") }
        if !hasEnough, size != nil, let end, next != end {
            let announced = end - (range?.lowerBound ?? 0)
            throw S3Error(.damaged, "\(count) bytes came, \(announced) were announced")
        }
        return head
    }

    package func failure(_ error: S3Error) -> S3Error { problem ?? error }
}
