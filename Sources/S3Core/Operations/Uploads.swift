package import ByteIO
import Digest
package import HTTPTransfer

/// How objects are stored: what belongs to all of a run's uploads, and what is done when an answer was lost.
///
/// A retry of a conditional PUT that reports 412, or one of Complete that reports 412 or NoSuchUpload, may
/// have met the object that its own first attempt had made. A success without ETag, or with a body that nobody
/// understands, may be none. A Complete without an answer may have been acted on. In each case a HEAD decides: the
/// object is ours only if its length is and its ETag or, where one was sent, its checksum. The ETag of one request is
/// the body's MD5, that of a multipart upload the MD5 of the parts' MD5s with `-N` after it, unless the service
/// encrypts with keys of its own; the checksum of a multipart upload is that of its bytes, or made of the parts'
/// checksums likewise.
package final class Uploads {
    private let client: S3Client
    private let headers: [HTTPHeader]
    private let conditions: [HTTPHeader]
    private let bodies = NeedlessBodies()
    /// Whether the service keeps the tags of objects in parts; nil while that is not known.
    private var keepsTags: Bool?

    /// - Parameters:
    ///   - headers: what is stored with each object.
    ///   - ifNoneMatch: whether an existing object is left as it is.
    package init(_ client: S3Client, headers: [HTTPHeader], ifNoneMatch: Bool) {
        self.client = client
        self.headers = headers
        conditions = ifNoneMatch ? [HTTPHeader("if-none-match", "*")] : []
    }

    /// Stores an object in one request; gives its ETag.
    package func put(
        _ key: [UInt8], _ body: ByteBlock, completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        let checksum = checksum(of: body)
        let operation = PutObject(
            key: key, body: body, headers: headers + conditions, checksum: checksum, bodies: bodies)
        client.perform(operation) { [self] result in
            guard case .failure(let error) = result, error.mayHaveBeenApplied,
                error.kind == .preconditionFailed || error.isUnclear
            else { return completion(result) }
            let etag = Hexadecimal.encode(MessageDigest.hash(body.bytes, .md5))
            let checksums = checksum.map { [ObjectChecksum($0.algorithm, $0.text)] } ?? []
            decide(key, length: body.count, etag: etag, checksums, error) { [self] result in
                if case .success = result, let body = error.body { bodies.learn(body) }
                completion(result)
            }
        }
    }

    private func checksum(of body: ByteBlock) -> BodyChecksum? {
        client.uploadChecksum.map { BodyChecksum($0, of: body) }
    }

    /// Begins a multipart upload; gives its id.
    package func create(
        _ key: [UInt8], completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> S3Call {
        let announced = client.uploadChecksum.map { BodyChecksum.announcement($0) } ?? []
        return client.perform(
            CreateMultipartUpload(key: key, headers: headers + announced), completion: completion)
    }

    /// Sends a part.
    package func upload(
        _ key: [UInt8], uploadID: [UInt8], number: Int, body: ByteBlock,
        completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> S3Call {
        client.perform(
            UploadPart(
                key: key, uploadID: uploadID, number: number, body: body,
                checksum: checksum(of: body), bodies: bodies), completion: completion)
    }

    /// Makes the object; gives its ETag.
    ///
    /// - Parameter length: the bytes of all parts.
    package func complete(
        _ key: [UInt8], uploadID: [UInt8], parts: [UploadedPart], length: Int,
        completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        let operation = CompleteMultipartUpload(
            key: key, uploadID: uploadID, parts: parts, headers: conditions)
        client.perform(operation) { [self] result in
            guard case .failure(let error) = result, error.mayHaveBeenApplied else {
                return confirmTags(key, result, completion)
            }
            decide(
                key, length: length, etag: Self.etag(of: parts), BodyChecksum.possible(parts), error
            ) { [self] in confirmTags(key, $0, completion) }
        }
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
        _ key: [UInt8], uploadID: [UInt8], completion: @escaping (S3Error?) -> Void
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
        _ key: [UInt8], length: Int, etag: [UInt8]?, _ checksums: [ObjectChecksum], _ failure: S3Error,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        // Bounded when the run is to end soon, as what cleans up is.
        client.perform(HeadObject(key: key, asksForChecksum: !checksums.isEmpty), cleansUp: true) { result in
            if case .success(let head) = result, let stored = head.etag, head.contentLength == length,
                Self.unquoted(stored) == etag || head.checksums.contains(where: checksums.contains)
            {
                return completion(.success(stored))
            }
            var error = failure
            // Without an answer the service may still be at work.
            error.mayBeUnderWay = failure.status == 0
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

    private static func unquoted(_ etag: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard etag.count >= 2, etag.first == quote, etag.last == quote else { return etag }
        return Array(etag.dropFirst().dropLast())
    }
}
