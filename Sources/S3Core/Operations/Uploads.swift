package import ByteIO
import Digest
package import HTTPTransfer

/// Uploads objects: holds the state that all uploads of a run share, and determines the outcome if a response
/// was lost.
///
/// A conditional PUT or Complete that gets 412 in a retry may have met the object that its own first attempt
/// stored; so may a Complete that gets NoSuchUpload. A success response without an ETag, or with an unknown
/// body, may not mean success. A Complete without a response may have been applied. In each case a HEAD
/// decides: the object is ours only if its length matches and either its ETag or, if one was sent, its
/// checksum matches. The ETag of a single request is the MD5 of the body. That of a multipart upload is the
/// MD5 of the parts' MD5s followed by `-N`. Neither holds if the service encrypts with its own keys. The
/// checksum of a multipart upload is that of its bytes, or is computed from the parts' checksums in the same
/// way.
package final class Uploads {
    let client: S3Client
    private let headers: [HTTPHeader]
    let conditions: [HTTPHeader]
    let existing: ExistingObject
    let putSupport: ConditionSupport
    let completeSupport: ConditionSupport
    private let bodies = NeedlessBodies()
    /// Whether the service stores the tags of multipart uploads; nil while that is not known.
    private var keepsTags: Bool?
    /// Computes digests of large bodies; nil if there is none.
    var pool: WorkPool?
    /// Bodies whose digests are being computed.
    var hashed: [HashedBody] = []

    /// Cancels a request; its completion is called with an error in the client's next turn.
    package typealias Cancel = () -> Void

    /// - Parameters:
    ///   - headers: metadata to store with each object.
    ///   - existing: what to do if an object already exists.
    package init(_ client: S3Client, headers: [HTTPHeader] = [], existing: ExistingObject = .overwrite) {
        self.client = client
        self.headers = headers
        self.existing = existing
        conditions = existing == .overwrite ? [] : [HTTPHeader("if-none-match", "*")]
        let isProven = conditions.isEmpty || client.isAWS
        putSupport = ConditionSupport(isProven: isProven)
        completeSupport = ConditionSupport(isProven: isProven)
    }

    /// The number of requests whose completion has not been called. It includes requests that wait until it
    /// is known whether the service honors the condition, and bodies that are not sent yet.
    package var pending: Int {
        client.pending + putSupport.heldCount + completeSupport.heldCount + hashed.count
    }

    /// The current and the largest limit of concurrent requests.
    package var connections: Int { client.connections }
    package var mostConnections: Int { client.mostConnections }

    /// The service's limits for the parts of an object.
    package var partRules: PartRules { client.partRules }

    /// `S3Client.findBucket`.
    package func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> Cancel {
        client.findBucket(completion)
    }

    /// Cancels requests that have not been sent, except cleanup.
    package func cancelUnsent() {
        client.cancelUnsent()
        putSupport.cancelHeld()
        completeSupport.cancelHeld()
        for body in hashed { cancel(body) }
    }

    /// `S3Client.hurry`.
    package func hurry() { client.hurry() }

    /// Stores an object in one request; completes with its ETag.
    package func put(
        _ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        // Computes only digests that the request needs. The others are computed when the object has to be
        // compared with another one.
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
                        // Before requests that wait, since the completion may stop the run.
                        completion(result)
                        putSupport.ended(isProven: Self.isRefused(result))
                    }
                }
            }
        }
    }

    /// Determines the outcome of a PUT whose response leaves it open.
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
        guard error.mayHaveBeenApplied else { return completion(.failure(naming(error))) }
        decide(operation.key, content, error) { [self] result in
            if case .success = result, let body = error.body { bodies.learn(body) }
            completion(result)
        }
    }

    /// Starts a multipart upload; completes with its ID. It is not cancelled once it is sent, because the ID
    /// must become known.
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

    /// A closure that computes a part's digests; any thread may call it.
    func digests(of body: ByteBlock) -> () -> PartDigests {
        digests(of: body, keepsSum: existing == .acceptSame)
    }

    private func digests(of body: ByteBlock, keepsSum: Bool) -> () -> PartDigests {
        let algorithm = client.uploadChecksum
        let isSigned = client.signsPayload(hasChecksum: algorithm != nil)
        return { PartDigests(of: body, checksum: algorithm, keepsSum: keepsSum, isSigned: isSigned) }
    }

    /// Completes the upload of an object of `length` bytes; completes with its ETag.
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

    /// Determines the outcome of a Complete whose response leaves it open.
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
                // The parts are no longer needed.
                abort(key, id: uploadID) { _ in completion(result) }
            }
        }
        guard error.mayHaveBeenApplied else { return completion(.failure(naming(error))) }
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

    /// Sets the tags if the service has not stored them: Ceph's gateway silently drops the tags of multipart
    /// uploads, up to its version 17.
    private func confirmTags(
        _ key: [UInt8], _ result: Result<[UInt8], S3Error>,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        guard case .success = result, keepsTags != true,
            let tags = headers.first(where: { $0.isCalled(Self.tagging) })?.value
        else { return completion(result) }
        let setTags = { [client] in
            _ = client.perform(PutObjectTagging(key: key, tags: tags)) { tagged in
                guard case .failure(let error) = tagged else { return completion(result) }
                completion(.failure(error.noting("the object is stored, without its tags")))
            }
        }
        if keepsTags == false { return setTags() }
        client.perform(HeadObject(key: key)) { [self] head in
            // If the object cannot be read, the service's response is trusted.
            guard case .success(let head) = head else { return completion(result) }
            keepsTags = (head.tagCount ?? 0) > 0
            if keepsTags == true { completion(result) } else { setTags() }
        }
    }

    private static let tagging = [UInt8]("x-amz-tagging".utf8)

    /// Aborts an upload; succeeds if it no longer exists.
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
        // As a cleanup call it has a time limit when the run is about to end.
        client.perform(HeadObject(key: key, asksForChecksum: !content.checksums.isEmpty), cleansUp: true) {
            result in
            if case .success(let head) = result, let stored = head.etag, content.isShown(by: head) {
                return completion(.success(stored))
            }
            var error = failure
            // Without a response the service may still be processing the request.
            error.mayBeUnderWay = failure.isUnanswered
            if !error.mayBeUnderWay, !error.isUnclear {
                error.message += (error.message.isEmpty ? "" : " ") + "after a response was lost"
            }
            completion(.failure(error.noting("state unknown")))
        }
    }

    /// S3's ETag of an object of these parts, in hexadecimal; nil if a part's ETag is not an MD5.
    static func etag(of parts: [UploadedPart]) -> [UInt8]? {
        var hashes: [UInt8] = []
        for part in parts {
            guard let hash = Hexadecimal.decode(EntityTag.unquoted(part.etag)), hash.count == 16 else {
                return nil
            }
            hashes += hash
        }
        return Hexadecimal.encode(MessageDigest.hash(hashes.bytes, .md5)) + "-\(parts.count)".utf8
    }
}
