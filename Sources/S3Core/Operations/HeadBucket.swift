import HTTPTransfer

/// Asks whether the bucket exists.
package struct HeadBucket: S3Operation {
    package static let name = "HeadBucket"

    package init() {}

    package func request() -> S3Request { S3Request(.head) }

    package func output(_ response: S3Response) throws(S3Error) {}
}
