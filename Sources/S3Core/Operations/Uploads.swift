package import ByteIO
import Digest
package import HTTPTransfer

/// How objects are stored: what belongs to all of a run's uploads, and what is done when an answer was lost.
///
/// A retry of a conditional PUT that reports 412, or one of Complete that reports 412 or NoSuchUpload, may
/// have met the object that its own first attempt had made. A success without ETag, or with a body that no one
/// understands, may be none. A Complete without an answer may have been acted on. In each case a HEAD decides: the
/// object is ours only if its length is and its ETag or, where one was sent, its checksum. The ETag of one request is
/// the body's MD5, that of a multipart upload the MD5 of the parts' MD5s with `-N` after it, unless the service
/// encrypts with keys of its own; the checksum of a multipart upload is that of its bytes, or made of the parts'
/// checksums likewise.
package final class Uploads {
    let client: S3Client
    private let headers: [HTTPHeader]
    let conditions: [HTTPHeader]
    private let existing: ExistingObject
    let putSupport: ConditionSupport
    let completeSupport: ConditionSupport
    private let bodies = NeedlessBodies()
    /// Whether the service keeps the tags of objects in parts; nil while that is not known.
    private var keepsTags: Bool?
    /// Computes what takes long, if there is one.
    var pool: WorkPool?
    /// Bodies whose digests are being computed.
    var hashed: [HashedBody] = []

    /// Ends a request early; its completion is told so in the client's next turn.
    package typealias Cancel = () -> Void

    /// - Parameters:
    ///   - headers: what is stored with each object.
    ///   - existing: what is done where an object exists.
    package init(_ client: S3Client, headers: [HTTPHeader] = [], existing: ExistingObject = .overwrite) {
        self.client = client
        self.headers = headers
        self.existing = existing
        conditions = existing == .overwrite ? [] : [HTTPHeader("if-none-match", "*")]
        let isProven = conditions.isEmpty || client.isAWS
        putSupport = ConditionSupport(isProven: isProven)
        completeSupport = ConditionSupport(isProven: isProven)
    }

    /// How many requests have not ended, or not told their end: those that wait until it is known whether the service
    /// keeps to a condition, and bodies that are not sent yet among them.
    package var pending: Int {
        client.pending + putSupport.heldCount + completeSupport.heldCount + hashed.count
    }

    /// How many requests are sent at once, as things are now, and the most that may ever be.
    package var connections: Int { client.connections }
    package var mostConnections: Int { client.mostConnections }

    /// How the service lets an object be cut into parts.
    package var partRules: PartRules { client.partRules }

    /// `S3Client.findBucket`.
    package func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> Cancel {
        client.findBucket(completion)
    }

    /// Cancels what was not sent yet, but nothing that cleans up.
    package func cancelUnsent() {
        client.cancelUnsent()
        putSupport.cancelHeld()
        completeSupport.cancelHeld()
        for body in hashed { cancel(body) }
    }

    /// `S3Client.hurry`.
    package func hurry() { client.hurry() }

    /// Stores an object in one request; gives its ETag.
    package func put(
        _ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        // Only what a request needs: the rest is computed where it has to be compared with another object.
        let isNeeded = client.uploadChecksum != nil || client.signsPayload(hasChecksum: false)
        let hashed =
            isNeeded
            ? hash(body, digests(of: body, keepsSum: false), cancelled: { completion(.failure($0)) }) {
                [self] digests in
                send(key, body, digests, completion)
                return nil
            } : nil
        guard hashed == nil else { return }
        send(key, body, PartDigests(client.uploadChecksum.map { BodyChecksum($0, of: body) }), completion)
    }

    private func send(
        _ key: [UInt8], _ body: ByteBlock, _ digests: PartDigests,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        let checksum = digests.checksum
        let operation = PutObject(
            key: key, body: body, headers: headers, conditions: conditions, digests: digests, bodies: bodies)
        putSupport.admit { [self] admission in
            if admission == .refuse { return client.later { completion(.failure(Self.refused)) } }
            client.perform(operation) { [self] result in
                settle(result, operation, checksum) { [self] result in
                    guard admission == .prove else { return completion(result) }
                    switch result {
                    case .success(let etag): prove(operation) { completion($0.map { etag }) }
                    case .failure:
                        // First, since it may stop the run.
                        completion(result)
                        putSupport.ended(isProven: Self.isRefused(result))
                    }
                }
            }
        }
    }

    /// Decides what is not clear of a PUT's result.
    private func settle(
        _ result: Result<[UInt8], S3Error>, _ operation: PutObject, _ checksum: BodyChecksum?,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        guard case .failure(let error) = result, error.kind == .preconditionFailed || error.isUnclear else {
            return completion(result)
        }
        let body = operation.body
        let content = Content(
            length: body.count, etag: Hexadecimal.encode(MessageDigest.hash(body.bytes, .md5)),
            checksums: checksum.map { [ObjectChecksum($0.algorithm, $0.text)] } ?? [],
            sum: existing == .acceptSame ? CRC.checksum(body.bytes, .crc64nvme) : nil)
        if existing == .acceptSame, error.kind == .preconditionFailed {
            return acceptIfSame(operation.key, content, error, completion)
        }
        guard error.mayHaveBeenApplied else { return completion(result) }
        decide(operation.key, content, error) { [self] result in
            if case .success = result, let body = error.body { bodies.learn(body) }
            completion(result)
        }
    }

    /// Begins a multipart upload; gives its id. Once it was sent it is not cancelled, since the id must be learned.
    package func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> Cancel {
        let announced = client.uploadChecksum.map { BodyChecksum.announcement($0) } ?? []
        let call = client.perform(
            CreateMultipartUpload(key: key, headers: headers + announced), completion: completion)
        return { call.cancelUnlessSent() }
    }

    /// Sends a part; `digests` are those of `body`.
    func send(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock, _ digests: PartDigests,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> S3Call {
        client.perform(
            UploadPart(key: key, uploadID: id, number: part, body: body, digests: digests, bodies: bodies),
            completion: completion)
    }

    /// What computes a part's digests, on any thread.
    func digests(of body: ByteBlock) -> () -> PartDigests {
        digests(of: body, keepsSum: existing == .acceptSame)
    }

    private func digests(of body: ByteBlock, keepsSum: Bool) -> () -> PartDigests {
        let algorithm = client.uploadChecksum
        let isSigned = client.signsPayload(hasChecksum: algorithm != nil)
        return { PartDigests(of: body, checksum: algorithm, keepsSum: keepsSum, isSigned: isSigned) }
    }

    /// Makes the object, of `length` bytes; gives its ETag.
    package func complete(
        _ key: [UInt8], id uploadID: [UInt8], parts: [UploadedPart], size length: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        let operation = CompleteMultipartUpload(
            key: key, uploadID: uploadID, parts: parts, headers: conditions)
        completeSupport.admit { [self] admission in
            if admission == .refuse { return client.later { completion(.failure(Self.refused)) } }
            client.perform(operation) { [self] result in
                settle(result, key, uploadID, parts, length) { [self] result in
                    guard admission == .prove else { return confirmTags(key, result, completion) }
                    switch result {
                    case .success:
                        prove(key, parts: parts) { [self] proof in
                            if case .failure(let error) = proof { return completion(.failure(error)) }
                            confirmTags(key, result, completion)
                        }
                    case .failure:
                        completion(result)
                        completeSupport.ended(isProven: Self.isRefused(result))
                    }
                }
            }
        }
    }

    /// Decides what is not clear of a completion's result.
    private func settle(
        _ result: Result<[UInt8], S3Error>, _ key: [UInt8], _ uploadID: [UInt8], _ parts: [UploadedPart],
        _ length: Int, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        guard case .failure(let error) = result else { return completion(result) }
        let content = Content(
            length: length, etag: Self.etag(of: parts), checksums: BodyChecksum.possible(parts),
            sum: Self.sum(of: parts))
        if existing == .acceptSame, error.kind == .preconditionFailed {
            return acceptIfSame(key, content, error) { [self] result in
                guard case .success = result else { return completion(result) }
                // The parts are not needed.
                abort(key, id: uploadID) { _ in completion(result) }
            }
        }
        guard error.mayHaveBeenApplied else { return completion(result) }
        decide(key, content, error, completion)
    }

    private static func sum(of parts: [UploadedPart]) -> CRC? {
        var sum = CRC(.crc64nvme)
        for part in parts {
            guard let next = part.sum else { return nil }
            sum = sum.combined(with: next, count: part.size)
        }
        return sum
    }

    /// Ceph's gateway drops the tags of an object in parts without a word, up to its version 17.
    private func confirmTags(
        _ key: [UInt8], _ result: Result<[UInt8], S3Error>,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        guard case .success = result, keepsTags != true,
            let tags = headers.first(where: { $0.isCalled(Self.tagging) })?.value
        else { return completion(result) }
        let setTags = { [client] in
            _ = client.perform(PutObjectTagging(key: key, tags: tags)) { tagged in
                guard case .failure(var error) = tagged else { return completion(result) }
                error.message +=
                    (error.message.isEmpty ? "" : " ") + "(the object is stored, without its tags)"
                completion(.failure(error))
            }
        }
        if keepsTags == false { return setTags() }
        client.perform(HeadObject(key: key)) { [self] head in
            // Who may not look at the object takes the service's word.
            guard case .success(let head) = head else { return completion(result) }
            keepsTags = (head.tagCount ?? 0) > 0
            if keepsTags == true { completion(result) } else { setTags() }
        }
    }

    private static let tagging = [UInt8]("x-amz-tagging".utf8)

    /// Gives up an upload; one that is not there any more is given up.
    package func abort(
        _ key: [UInt8], id uploadID: [UInt8], _ completion: @escaping (S3Error?) -> Void
    ) {
        client.perform(AbortMultipartUpload(key: key, uploadID: uploadID), cleansUp: true) { result in
            if case .failure(let error) = result, error.kind != .noSuchUpload, error.status != 404 {
                completion(error)
            } else {
                completion(nil)
            }
        }
    }

    private func decide(
        _ key: [UInt8], _ content: Content, _ failure: S3Error,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        // Bounded when the run is to end soon, as what cleans up is.
        client.perform(HeadObject(key: key, asksForChecksum: !content.checksums.isEmpty), cleansUp: true) {
            result in
            if case .success(let head) = result, let stored = head.etag, head.contentLength == content.length,
                Self.unquoted(stored) == content.etag
                    || head.checksums.contains(where: content.checksums.contains)
            {
                return completion(.success(stored))
            }
            var error = failure
            // Without an answer the service may still be at work.
            error.mayBeUnderWay = failure.isUnanswered
            error.message +=
                (error.message.isEmpty ? "" : " ")
                + (error.mayBeUnderWay || error.isUnclear
                    ? "(state unknown)" : "after a response was lost (state unknown)")
            completion(.failure(error))
        }
    }

    /// What S3 makes of the parts' MD5s, in hexadecimal, or nil if their ETags are no MD5s.
    static func etag(of parts: [UploadedPart]) -> [UInt8]? {
        var hashes: [UInt8] = []
        for part in parts {
            guard let hash = Hexadecimal.decode(unquoted(part.etag)), hash.count == 16 else { return nil }
            hashes += hash
        }
        return Hexadecimal.encode(MessageDigest.hash(hashes.bytes, .md5)) + "-\(parts.count)".utf8
    }

    static func unquoted(_ etag: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard etag.count >= 2, etag.first == quote, etag.last == quote else { return etag }
        return Array(etag.dropFirst().dropLast())
    }
}
