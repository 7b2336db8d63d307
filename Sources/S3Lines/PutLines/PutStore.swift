package import ByteIO
package import S3Core

/// Cancels a request; its completion is called with the error in the next turn.
package typealias PutCancel = () -> Void

/// The requests that s3-put-lines makes to the service. Completions are called within a turn of the run's
/// event loop, never before the call that starts or cancels the request has returned.
package protocol PutStore: AnyObject {
    /// The number of requests whose completion has not been called.
    var pending: Int { get }
    /// The current maximum of concurrent requests; further ones wait.
    var connections: Int { get }
    /// The highest value that `connections` can reach.
    var mostConnections: Int { get }

    /// How objects may be cut into parts.
    var partRules: PartRules { get }

    /// Checks whether the bucket exists.
    func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel

    /// Stores an object in one request; returns its ETag.
    func put(_ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Starts a multipart upload; returns its id. Once sent it cannot be cancelled, because the id must be
    /// known to abort the upload.
    func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> PutCancel

    /// Sends a part.
    func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel

    /// Completes an upload to an object of `size` bytes; returns its ETag.
    func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Aborts an upload. `cancelUnsent` does not cancel this request; only a late response after `hurry`
    /// does.
    func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void)

    /// Cancels requests that have not been sent.
    func cancelUnsent()

    /// See `S3Client.hurry`.
    func hurry()

    /// Runs expensive computations in `pool` from now on.
    func use(_ pool: WorkPool)
}

extension PutStore {
    package func use(_ pool: WorkPool) {}
}

extension Uploads: PutStore {}
