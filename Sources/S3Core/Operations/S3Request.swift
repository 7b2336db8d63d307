package import ByteIO
package import HTTPTransfer

/// One request to a bucket or an object, before it is addressed and signed.
package struct S3Request {
    package var method: HTTPMethod
    /// The object's key; nil addresses the bucket.
    package var key: [UInt8]?
    /// Parameters, not encoded, in any order.
    package var query: [(name: String, value: [UInt8])] = []
    /// Header fields of the request itself; names in lower case.
    package var headers: [HTTPHeader] = []
    package var body: ByteBlock?
    /// The checksum of `body`, which may vouch for it instead of a hash in the signature.
    package var bodyChecksum: HTTPHeader?
    /// The hash of `body` that the signature has, in hexadecimal, if it was computed before.
    package var payloadHash: [UInt8]?

    /// How long the service may be silent, in milliseconds, if that is longer than for other requests.
    package var silenceMilliseconds = 0

    /// Whether being acted on twice is the same as once. Not so for what starts or completes an upload, and
    /// for a condition that the request itself breaks: the second answer would be a refusal.
    package var isIdempotent: Bool

    package init(_ method: HTTPMethod, key: [UInt8]? = nil) {
        self.method = method
        self.key = key
        isIdempotent = method != .post
    }
}

/// A whole answer.
package struct S3Response: Sendable {
    package let head: HTTPResponseHead
    /// The body, unless the operation took it while it came; cut at the operation's limit.
    package let body: [UInt8]

    package init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}

/// One operation of S3: what is asked, and what a good answer says.
package protocol S3Operation {
    associatedtype Output

    /// The name in the Amazon S3 API Reference.
    static var name: String { get }

    /// What to send; asked for again before each attempt, since an operation may go on where the last one
    /// ended.
    mutating func request() -> S3Request

    /// Takes bytes of the body of an answer that is 2xx. Operations that do not stream gather them.
    mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received

    /// Reads an answer that is 2xx and no error document.
    ///
    /// - Throws: an error if the answer is not what it should be.
    mutating func output(_ response: S3Response) throws(S3Error) -> Output

    /// How many bytes of the answer an operation has that goes on where it stopped; else 0.
    var progress: Int { get }

    /// What an attempt's failure really is, where the operation itself ended it.
    func failure(_ error: S3Error) -> S3Error
}

/// What became of bytes of a body.
package enum Received: Sendable {
    /// Keep them for `output`.
    case gather
    /// The operation has used them.
    case taken
    /// Give them again after `S3Client.resume`.
    case pause
    /// The operation has used them and needs no more: the transfer ends, and `output` is asked.
    case enough
    /// Nothing more is wanted; the call ends as cancelled.
    case cancel
}

extension S3Operation {
    package mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received { .gather }
    package var progress: Int { 0 }
    package func failure(_ error: S3Error) -> S3Error { error }
}
