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
///
/// All counting is in bytes of the object as it is stored: what something on the way has compressed is decompressed
/// before it is counted.
package struct GetObject: S3Operation {
    package static let name = "GetObject"

    let key: [UInt8]
    /// Which bytes; nil is all of them.
    private let range: Range<Int>?
    private let ifMatch: [UInt8]?
    /// Whether the checksum is asked for.
    private let asksForChecksum: Bool
    /// What a list said of the object, or an earlier answer.
    private let known: KnownObject?
    /// True if nothing stands between here and the service that would change an answer.
    var isDirect = false
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
    /// Which byte of the object is not this attempt's any more, where the answer says so.
    private var answerEnd: Int?
    /// Undoes what was done to this attempt's answer on the way.
    private var decoder: TransitDecoder?
    private var stored = StoredObject.unasked

    /// What is known of how the object is stored, where its answer alone does not tell.
    private enum StoredObject {
        case unasked
        /// It is to be asked for.
        case wanted(AskForObject.Way)
        case asked(AskForObject.Way)
        case told(ObjectHead)
        /// Neither way tells.
        case untold

        var head: ObjectHead? { if case .told(let head) = self { head } else { nil } }
    }

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - range: the bytes that are wanted; the object may end before.
    ///   - ifMatch: the ETag that the object must still have.
    ///   - asksForChecksum: whether the answer shall have the object's checksum in its head.
    ///   - known: what is known of the object; bytes that contradict it are an error.
    ///   - sink: takes the bytes.
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
        answerEnd = nil
        decoder = nil
        var request = S3Request(.get, key: key)
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

    private static let ifMatchName = [UInt8]("if-match".utf8)

    /// The byte of the object that the sink wants next.
    private var next: Int { (range?.lowerBound ?? 0) + count }
    /// The byte after the last one that is wanted, as far as it is known.
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

    /// Gives the sink what it wants of the object's next bytes.
    private mutating func deliver(_ bytes: RawSpan) -> Received {
        guard let position else { return .cancel }
        if let answerEnd, position + bytes.byteCount > answerEnd {
            problem = S3Error(.damaged, "the response is longer than its Content-Range")
            return .cancel
        }
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

    // MARK: what is stored

    /// What has to be asked before the transfer, which is paused, can go on; once.
    mutating func nextQuestion() -> AskForObject? {
        guard case .wanted(let way) = stored else { return nil }
        stored = .asked(way)
        return AskForObject(key: key, way: way)
    }

    /// That was answered.
    mutating func answered(_ answer: Result<ObjectHead, S3Error>) {
        guard case .asked(let way) = stored else { return }
        if case .success(let head) = answer, head.objectSize != nil, way == .head || head.isPartial {
            stored = .told(head)
        } else {
            stored = way == .head ? .wanted(.byte) : .untold
        }
    }

    /// How this attempt's answer is coded; nil if that is not known yet.
    private mutating func coding(_ answer: ObjectHead) -> BodyCoding? {
        let coding = BodyCoding(of: answer, known: known, stored: stored.head, isDirect: isDirect)
        guard coding == .unknown else { return coding }
        switch stored {
        case .untold:
            let name = answer.contentCodings.joined(separator: ", ")
            return .unusable(
                name.isEmpty
                    ? "the response does not say how long the object is"
                    : "the response does not say whether the object is stored as \(name)")
        case .unasked: stored = .wanted(.head)
        case .wanted, .asked, .told: break
        }
        return nil
    }

    // MARK: the head of an answer

    /// Reads the head of an attempt's answer.
    ///
    /// - Returns: what is to be done with its body; taken, if nothing is wrong with it.
    private mutating func begin(_ answer: ObjectHead) -> Received {
        guard let coding = coding(answer) else { return .pause }
        do throws(S3Error) {
            try check(answer, coding)
        } catch {
            problem = error
            return .cancel
        }
        position = answer.contentRange?.bytes.lowerBound ?? 0
        answerEnd = answer.contentRange?.bytes.upperBound
        var whole = answer
        if case .compressed(let format) = coding, let head = stored.head {
            decoder = TransitDecoder(format)
            whole = ObjectHead(answer, as: head)
        }
        size =
            size ?? whole.objectSize ?? stored.head?.objectSize ?? answer.googleStoredSize ?? knownSize(whole)
        guard head == nil else { return .taken }
        head = whole
        return sink.began(whole) ? .taken : .cancel
    }

    /// - Throws: if the answer is of no use.
    private func check(_ answer: ObjectHead, _ coding: BodyCoding) throws(S3Error) {
        if let first = head {
            if first.etag == nil, count > 0 {
                throw S3Error(
                    .preconditionFailed,
                    "the connection was lost, and the download cannot resume: the response had no ETag")
            }
            let isSame = EntityTag.canBeSame(answer.etag, first.etag)
            guard isSame, isOfSize(answer, size, coding) else { throw Self.replaced }
        }
        if case .told(let stored) = stored, !EntityTag.canBeSame(answer.etag, stored.etag) {
            throw Self.replaced
        }
        guard answer.isS3 else {
            throw S3Error(.notS3, "the response is not from S3: it has neither ETag nor x-amz-request-id")
        }
        // Of a body with bytes the transfer has seen to it already.
        guard answer.hasEnd else { throw S3Error(.damaged, "the response has no Content-Length") }
        guard !answer.isPartial || answer.contentRange != nil else {
            throw S3Error(.notS3, "the response is partial (206) and has no Content-Range")
        }
        if case .unusable(let reason) = coding { throw S3Error(.notS3, reason) }
        if let range = answer.contentRange {
            guard range.bytes.lowerBound <= next, range.bytes.lowerBound == asked else {
                throw S3Error(.notS3, "the response has another range than the requested one")
            }
            if let length = answer.contentLength, length != range.bytes.count {
                throw S3Error(
                    .damaged, "Content-Length and Content-Range of the response contradict each other")
            }
        }
        for said in [knownSize(answer), stored.head?.objectSize, answer.googleStoredSize] {
            guard let said, !isOfSize(answer, said, coding) else { continue }
            throw S3Error(
                .damaged, "expected an object of \(said) bytes, found one of \(answer.objectSize ?? 0)")
        }
    }

    private static let replaced = S3Error(.preconditionFailed, "the object was replaced while it was read")

    /// False if the answer tells another size of the object than `size`.
    private func isOfSize(_ answer: ObjectHead, _ size: Int?, _ coding: BodyCoding) -> Bool {
        if case .compressed = coding { return true }
        guard let size, let told = answer.objectSize else { return true }
        return size == told
    }

    /// The size that is known of the version that was answered with; an object may have been replaced since.
    private func knownSize(_ answer: ObjectHead) -> Int? {
        guard let known else { return nil }
        guard let etag = known.etag, answer.etag != nil else { return known.size }
        return EntityTag.canBeSame(etag, answer.etag) ? known.size : nil
    }

    package mutating func output(_ response: S3Response) throws(S3Error) -> ObjectHead {
        // An answer without a body has not been begun, and there is nothing to decompress.
        if position == nil {
            let answer = ObjectHead(response.head)
            if case nil = coding(answer) { stored = .told(answer) }
            guard begin(answer) == .taken else { throw problem ?? S3Error(.cancelled, "cancelled") }
            decoder = nil
        }
        guard let head else { throw S3Error(.cancelled, "cancelled") }
        guard !hasEnough else { return head }
        do { try decoder?.end() } catch {
            throw S3Error(
                .damaged, "the response was compressed in transit and cannot be decompressed: \(error)")
        }
        if let answerEnd, let position, position != answerEnd {
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
