import HTTPTransfer

/// Asks what is stored under a key.
package struct HeadObject: S3Operation {
    package static let name = "HeadObject"

    private let key: [UInt8]
    private let wantsChecksum: Bool

    /// - Parameter wantsChecksum: whether the service is asked for the checksum that it keeps.
    package init(key: [UInt8], wantsChecksum: Bool = false) {
        self.key = key
        self.wantsChecksum = wantsChecksum
    }

    package func request() -> S3Request {
        var request = S3Request(.head, key: key)
        if wantsChecksum { request.headers = [HTTPHeader("x-amz-checksum-mode", "ENABLED")] }
        return request
    }

    package func output(_ response: S3Response) throws(S3Error) -> ObjectHead {
        ObjectHead(response.head)
    }
}
