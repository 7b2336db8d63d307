package import ByteIO
import Digest
package import HTTPTransfer

/// How objects are stored: what belongs to all of a run's uploads, and what is done when an answer was lost.
///
/// A retry of a conditional PUT that reports 412, or one of Complete that reports 412 or NoSuchUpload, may
/// have met the object that its own first attempt had made. A HEAD decides: it was ours only if its length is
/// and its ETag or, where one was sent, its checksum. The ETag of one request is the body's MD5, that of a
/// multipart upload the MD5 of the parts' MD5s with `-N` behind it, unless the service encrypts with keys of
/// its own; the checksum of a multipart upload is that of its bytes, or made of the parts' checksums likewise.
package struct Uploads {
    private let client: S3Client
    private let headers: [HTTPHeader]
    private let conditions: [HTTPHeader]

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
        let operation = PutObject(key: key, body: body, headers: headers + conditions, checksum: checksum)
        client.perform(operation) { [self] result in
            guard case .failure(let error) = result, error.kind == .preconditionFailed,
                error.mayHaveBeenApplied
            else { return completion(result) }
            let etag = Hexadecimal.encode(MessageDigest.hash(body.bytes, .md5))
            let checksums = checksum.map { [ObjectChecksum($0.algorithm, $0.text)] } ?? []
            decide(key, length: body.count, etag: etag, checksums, error, completion)
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
                checksum: checksum(of: body)), completion: completion)
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
            guard case .failure(let error) = result, error.mayHaveBeenApplied,
                error.kind == .preconditionFailed || error.kind == .noSuchUpload
            else { return completion(result) }
            decide(
                key, length: length, etag: Self.etag(of: parts), BodyChecksum.possible(parts), error,
                completion)
        }
    }

    /// Gives up an upload; one that is not there any more is given up.
    package func abort(
        _ key: [UInt8], uploadID: [UInt8], completion: @escaping (S3Error?) -> Void
    ) {
        client.perform(AbortMultipartUpload(key: key, uploadID: uploadID), cleansUp: true) { result in
            if case .failure(let error) = result, error.kind != .noSuchUpload {
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
        client.perform(HeadObject(key: key, asksForChecksum: !checksums.isEmpty)) { result in
            if case .success(let head) = result, let stored = head.etag, head.contentLength == length,
                Self.unquoted(stored) == etag || head.checksums.contains(where: checksums.contains)
            {
                return completion(.success(stored))
            }
            var error = failure
            error.message +=
                (error.message.isEmpty ? "" : " ") + "after an answer was lost, state unknown"
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
