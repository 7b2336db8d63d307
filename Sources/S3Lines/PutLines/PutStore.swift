package import ByteIO
package import S3Core

/// Ends a request early; its completion is told so in the next turn.
package typealias PutCancel = () -> Void

/// What s3-put-lines asks of the service. Completions are called from within a turn of what the run waits in, never
/// before the call that asks or cancels has returned.
package protocol PutStore: AnyObject {
    /// How many requests have not ended, or not told their end.
    var pending: Int { get }
    /// How many requests are sent at once, as things are now; others wait.
    var connections: Int { get }
    /// The most that may ever be.
    var mostConnections: Int { get }

    /// How objects may be cut into parts.
    var partRules: PartRules { get }

    /// Asks whether the bucket exists.
    func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel

    /// Stores an object in one request; gives its ETag.
    func put(_ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Begins a multipart upload; gives its id. Once it was sent it cannot be cancelled, since the id must be
    /// learned.
    func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> PutCancel

    /// Sends a part.
    func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel

    /// Makes the object, of `size` bytes; gives its ETag.
    func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Gives up an upload. `cancelUnsent` does not cancel it, only an answer that is late after `hurry` does.
    func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void)

    /// Cancels what was not sent yet.
    func cancelUnsent()

    /// `S3Client.hurry`.
    func hurry()

    /// Computes in `pool` from now on what takes long.
    func use(_ pool: WorkPool)
}

extension PutStore {
    package func use(_ pool: WorkPool) {}
}

extension Uploads: PutStore {}
