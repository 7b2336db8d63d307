package import ByteIO
package import HTTPTransfer

/// One request to a bucket or an object, before it is addressed and signed.
package struct S3Request {
    package var method: HTTPMethod
    /// The object's key; nil addresses the bucket.
    package var key: [UInt8]?
    /// Query parameters, not encoded, in any order.
    package var query: [(name: String, value: [UInt8])] = []
    /// Headers of this request; names in lower case.
    package var headers: [HTTPHeader] = []
    package var body: ByteBlock?
    /// The checksum of `body`; it may replace the body's hash in the signature.
    package var bodyChecksum: HTTPHeader?
    /// The hash of `body` for the signature, in hexadecimal; nil if it is not computed yet.
    package var payloadHash: [UInt8]?

    /// The time without progress after which this request fails, in milliseconds, if it is longer than that
    /// of other requests; otherwise 0.
    package var silenceMilliseconds = 0

    /// Whether applying the request twice has the effect of applying it once. False for requests that start
    /// or complete an upload, and for a request whose own effect breaks its condition: the second attempt
    /// would be refused.
    package var isIdempotent: Bool

    package init(_ method: HTTPMethod, key: [UInt8]? = nil) {
        self.method = method
        self.key = key
        isIdempotent = method != .post
    }
}

/// A complete response.
package struct S3Response: Sendable {
    package let head: HTTPResponseHead
    /// The body, truncated at the size limit; empty if the operation consumed it while it arrived.
    package let body: [UInt8]

    package init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}

/// One operation of S3: how to build its request and parse its response.
package protocol S3Operation {
    associatedtype Output

    /// The name in the Amazon S3 API Reference.
    static var name: String { get }

    /// The request; called before each attempt, since an operation may resume where the last attempt ended.
    mutating func request() -> S3Request

    /// Receives bytes of the body of a 2xx response. Operations that do not stream gather them.
    mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received

    /// Parses a 2xx response that is not an error document.
    ///
    /// - Throws: an error if the response is invalid.
    mutating func output(_ response: S3Response) throws(S3Error) -> Output

    /// The number of bytes received by an operation that can resume; otherwise 0.
    var progress: Int { get }

    /// Replaces the transfer's error if the operation itself ended the attempt.
    func failure(_ error: S3Error) -> S3Error
}

/// What to do after receiving bytes of a body.
package enum Received: Sendable {
    /// Keep them for `output`.
    case gather
    /// The operation has used them.
    case taken
    /// Pause the transfer, and deliver the same bytes again after `S3Client.resume`.
    case pause
    /// The operation has used them and needs no more: end the transfer and call `output`.
    case enough
    /// Cancel the call.
    case cancel
}

extension S3Operation {
    package mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received { .gather }
    package var progress: Int { 0 }
    package func failure(_ error: S3Error) -> S3Error { error }
}
