package import S3Core

/// An object, or a range of it, that is to be fetched.
package struct GetRequest: Equatable, Sendable {
    /// The object's whole key.
    package let key: [UInt8]
    /// Which bytes; nil is all of them.
    package let range: Range<Int>?
    /// The ETag that the object must still have.
    package let ifMatch: [UInt8]?
    /// Whether the answer shall have the object's checksum in its head.
    package let asksForChecksum: Bool
    /// What is known of the object; bytes that contradict it are an error.
    package let known: KnownObject?
}

/// What s3-get-lines asks of the service. Sinks and completions are called from within `turn` alone.
package protocol GetStore: RunService {
    /// How many more requests would be sent at once.
    var freeConnections: Int { get }

    /// Starts to fetch. The sink is told the end once, never before this returns.
    func fetch(_ request: GetRequest, _ sink: any ObjectSink) -> any GetCall

    /// Asks for a page of a list.
    func list(
        _ operation: ListObjectsV2, _ completion: @escaping (Result<ListObjectsV2.Page, S3Error>) -> Void)

    /// Cancels all that has not ended.
    func cancelAll()
}

/// A fetch under way.
package protocol GetCall: AnyObject {
    /// Goes on, in the next turn, after the sink has answered `Received.pause`.
    func resume()
    /// Ends it; its sink is told so in the next turn.
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
