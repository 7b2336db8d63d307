package import ByteIO
package import HTTPTransfer
package import S3Core

/// What PutLines asks of the service. Completions are called from within `turn`.
package protocol PutStore: AnyObject {
    /// Requests that have not ended.
    var pending: Int { get }

    /// Asks whether the bucket exists.
    func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void)

    /// Stores an object in one request; gives its ETag.
    func put(_ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Cancels what was not sent yet.
    func cancelUnsent()

    /// `S3Client.turn`.
    func turn(waitingFor descriptors: [CInt], milliseconds: Int?) -> [Bool]
}

/// The service itself.
package final class S3PutStore: PutStore {
    private let client: S3Client
    private let headers: [HTTPHeader]

    /// - Parameter headers: what is stored with each object.
    package init(_ client: S3Client, headers: [HTTPHeader] = []) {
        self.client = client
        self.headers = headers
    }

    package var pending: Int { client.pending }

    package func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) {
        client.perform(HeadBucket(), completion: completion)
    }

    package func put(
        _ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) {
        client.perform(PutObject(key: key, body: body, headers: headers)) { completion($0.map(\.etag)) }
    }

    package func cancelUnsent() { client.cancelUnsent() }

    package func turn(waitingFor descriptors: [CInt], milliseconds: Int?) -> [Bool] {
        client.turn(waitingFor: descriptors, milliseconds: milliseconds)
    }
}
