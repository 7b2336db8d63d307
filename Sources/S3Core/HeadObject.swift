import HTTPTransfer

/// Asks what is stored under a key.
package struct HeadObject: S3Operation {
    package static let name = "HeadObject"

    private let key: [UInt8]

    package init(key: [UInt8]) { self.key = key }

    package func request() -> S3Request { S3Request(.head, key: key) }

    package func output(_ response: S3Response) throws(S3Error) -> ObjectHead {
        ObjectHead(response.head)
    }
}
