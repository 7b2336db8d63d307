import HTTPTransfer

/// Gets the metadata of an object.
package struct HeadObject: S3Operation {
    package static let name = "HeadObject"

    private let key: [UInt8]
    /// Whether to request the object's checksum.
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
