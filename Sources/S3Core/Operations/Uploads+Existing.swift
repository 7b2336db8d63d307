import ByteIO
import Digest
import HTTPTransfer

/// What to do if an object with the key already exists.
package enum ExistingObject: Sendable {
    case overwrite
    /// Keep it; the upload fails.
    case keep
    /// As `keep`, but an object with exactly the same bytes counts as stored, for instance after a run that
    /// was killed before it could report it.
    case acceptSame
}

extension Uploads {
    /// Properties of the uploaded object, to compare with an existing one.
    struct Content {
        let length: Int
        /// In hexadecimal; nil if it cannot be known.
        let etag: [UInt8]?
        let checksums: [ObjectChecksum]
        /// The CRC of all bytes; nil unless they may have to be compared.
        let sum: CRC?

        /// Whether the head of a stored object shows that it has exactly these bytes.
        func isShown(by head: ObjectHead) -> Bool {
            head.contentLength == length
                && (head.etag.map { EntityTag.unquoted($0) == etag } == true
                    || head.checksums.contains(where: checksums.contains))
        }
    }

    static let ignored = S3Error(
        .configuration,
        "the service ignores If-None-Match, which --no-clobber and --idempotent need; "
            + "this object was stored, and may have replaced another")

    static let refused = S3Error(.cancelled, "not sent")

    // MARK: whether the service honors the condition

    /// Sends the same object a second time to check that it is refused.
    func prove(_ operation: PutObject, _ completion: @escaping (Result<Void, S3Error>) -> Void) {
        client.perform(operation) { [putSupport] again in
            if Self.isAccepted(again) {
                completion(.failure(Self.ignored))
                return putSupport.refuse()
            }
            completion(.success(()))
            putSupport.ended(isProven: Self.isRefused(again))
        }
    }

    /// Creates the same object a second time by copying its own bytes on the service, to check that it is
    /// refused.
    func prove(
        _ key: [UInt8], parts: [UploadedPart], _ completion: @escaping (Result<Void, S3Error>) -> Void
    ) {
        _ = create(key) { [self] created in
            guard case .success(let id) = created else {
                completion(.success(()))
                return completeSupport.ended(isProven: false)
            }
            copy(key, id, parts[...], []) { [self] copies in
                guard let copies else { return endProof(key, id, isProven: false, completion) }
                let operation = CompleteMultipartUpload(
                    key: key, uploadID: id, parts: copies, headers: conditions)
                client.perform(operation) { [self] again in
                    if Self.isAccepted(again) {
                        completion(.failure(Self.ignored))
                        return completeSupport.refuse()
                    }
                    endProof(key, id, isProven: Self.isRefused(again), completion)
                }
            }
        }
    }

    /// True for a success status, even if the response does not confirm the operation.
    private static func isAccepted(_ result: Result<[UInt8], S3Error>) -> Bool {
        switch result {
        case .success: true
        case .failure(let error): error.isUnclear
        }
    }

    /// True if the service evaluated the condition. A conflict with another conditional request shows that,
    /// too.
    static func isRefused(_ result: Result<[UInt8], S3Error>) -> Bool {
        guard case .failure(let error) = result else { return false }
        return error.kind == .preconditionFailed || error.kind == .conflict
    }

    private func endProof(
        _ key: [UInt8], _ id: [UInt8], isProven: Bool,
        _ completion: @escaping (Result<Void, S3Error>) -> Void
    ) {
        abort(key, id: id) { [completeSupport] _ in
            completion(.success(()))
            completeSupport.ended(isProven: isProven)
        }
    }

    /// Copies the parts one after the other; completes with nil if one cannot be copied.
    private func copy(
        _ key: [UInt8], _ id: [UInt8], _ rest: ArraySlice<UploadedPart>, _ copies: [UploadedPart],
        _ completion: @escaping ([UploadedPart]?) -> Void
    ) {
        guard let part = rest.first else { return completion(copies) }
        let start = copies.reduce(0) { $0 + $1.size }
        let operation = UploadPartCopy(
            key: key, bucket: client.bucket, uploadID: id, number: part.number,
            range: start..<(start + part.size))
        client.perform(operation) { [self] result in
            guard case .success(let copied) = result else { return completion(nil) }
            copy(key, id, rest.dropFirst(), copies + [copied], completion)
        }
    }

    /// Says why the condition failed, if it was to keep existing objects: servers only say that it failed.
    func naming(_ error: S3Error) -> S3Error {
        guard existing == .keep, error.kind == .preconditionFailed else { return error }
        return error.noting("the object exists already")
    }

    // MARK: whether the existing object is the same

    /// Completes with success if the existing object has exactly these bytes.
    func acceptIfSame(
        _ key: [UInt8], _ content: Content, _ failure: S3Error,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        let different = failure.noting("the existing object has other content")
        client.perform(HeadObject(key: key, asksForChecksum: !content.checksums.isEmpty)) { [self] result in
            let head: ObjectHead
            switch result {
            case .success(let found): head = found
            case .failure(let error):
                // The object may have been deleted meanwhile.
                return completion(.failure(error.status == 404 ? failure : Self.unread(error)))
            }
            guard let stored = head.etag else { return completion(.failure(failure)) }
            guard head.contentLength == content.length else { return completion(.failure(different)) }
            if content.isShown(by: head) { return completion(.success(stored)) }
            // If the part boundaries differ or the service encrypts with its own keys, only the bytes
            // themselves can be compared.
            let reader = ContentReader { read in
                switch read {
                case .success(let sum) where sum == content.sum: completion(.success(stored))
                case .success: completion(.failure(different))
                case .failure(let error): completion(.failure(Self.unread(error)))
                }
            }
            _ = client.perform(GetObject(key: key, ifMatch: head.strongETag, sink: reader))
        }
    }

    private static func unread(_ error: S3Error) -> S3Error {
        error.noting("the existing object could not be read")
    }
}

/// Computes the checksum of an object's bytes as they arrive.
private final class ContentReader: ObjectSink {
    private var sum = CRC(.crc64nvme)
    private let completion: (Result<CRC, S3Error>) -> Void

    /// - Parameter completion: called with the error if the object could not be read.
    init(_ completion: @escaping (Result<CRC, S3Error>) -> Void) { self.completion = completion }

    func began(_ head: ObjectHead) -> Bool { true }

    func received(_ bytes: RawSpan) -> Received {
        sum.update(bytes)
        return .taken
    }

    func ended(_ error: S3Error?) { completion(error.map { .failure($0) } ?? .success(sum)) }
}
