import HTTPTransfer

/// Asks what is stored under a key.
package struct HeadObject: S3Operation {
    package static let name = "HeadObject"

    private let key: [UInt8]
    /// Whether the object's checksum is asked for.
    private let asksForChecksum: Bool

    package init(key: [UInt8], asksForChecksum: Bool = false) {
        self.key = key
        self.asksForChecksum = asksForChecksum
    }

    package func request() -> S3Request {
        var request = S3Request(.head, key: key)
        if asksForChecksum { request.headers = [ChecksumMode.field] }
        return request
    }

    package func output(_ response: S3Response) throws(S3Error) -> ObjectHead {
        ObjectHead(response.head)
    }
}
