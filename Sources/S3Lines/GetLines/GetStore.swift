package import S3Core

/// A request for an object or a range of it.
package struct GetRequest: Equatable, Sendable {
    /// The full key.
    package let key: [UInt8]
    /// The bytes to fetch; nil for all of them.
    package let range: Range<Int>?
    /// The ETag that the object must still have.
    package let ifMatch: [UInt8]?
    /// Whether the response head should include the object's checksum.
    package let asksForChecksum: Bool
    /// The known size and ETag; a response that contradicts them is an error.
    package let known: KnownObject?
}

/// The requests that s3-get-lines makes to the service. Sinks and completions are called only within `turn`.
package protocol GetStore: RunService {
    /// How many more requests could be sent now.
    var freeConnections: Int { get }

    /// Starts a fetch. The sink's `ended` is called once, never before this returns.
    func fetch(_ request: GetRequest, _ sink: any ObjectSink) -> any GetCall

    /// Requests a page of a listing.
    func list(
        _ operation: ListObjectsV2, _ completion: @escaping (Result<ListObjectsV2.Page, S3Error>) -> Void)

    /// Cancels all pending requests.
    func cancelAll()
}

/// A fetch in progress.
package protocol GetCall: AnyObject {
    /// Continues in the next turn, after the sink has returned `Received.pause`.
    func resume()
    /// Cancels it; its sink is called in the next turn.
    func cancel()
}

extension S3Call: GetCall {}

extension S3Client: GetStore {
    package func fetch(_ request: GetRequest, _ sink: any ObjectSink) -> any GetCall {
        perform(
            GetObject(
                key: request.key, range: request.range, ifMatch: request.ifMatch,
                asksForChecksum: request.asksForChecksum, known: request.known, sink: sink))
    }

    package func list(
        _ operation: ListObjectsV2, _ completion: @escaping (Result<ListObjectsV2.Page, S3Error>) -> Void
    ) { perform(operation, completion: completion) }
}
