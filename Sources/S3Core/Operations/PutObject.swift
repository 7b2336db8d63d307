package import ByteIO
package import HTTPTransfer

/// Stores one object in one request.
package struct PutObject: S3Operation {
    package static let name = "PutObject"

    let key: [UInt8]
    let body: ByteBlock
    private let headers: [HTTPHeader]
    /// In base64.
    private let checksum: [UInt8]?

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - body: must not change until the call has ended.
    ///   - headers: what is stored with it, and conditions.
    ///   - sendsChecksum: whether the service is given the CRC-32 to compare and to keep.
    package init(key: [UInt8], body: ByteBlock, headers: [HTTPHeader] = [], sendsChecksum: Bool = false) {
        self.key = key
        self.body = body
        self.headers = headers
        checksum = sendsChecksum ? UploadChecksum.crc32(of: body) : nil
    }

    package func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.headers = headers
        if let checksum { request.headers.append(HTTPHeader(UploadChecksum.headerName, checksum)) }
        request.body = body
        return request
    }

    /// The object's ETag as it came, quotes included; opaque.
    package func output(_ response: S3Response) throws(S3Error) -> [UInt8] {
        guard let etag = response.head.entityTag else {
            var error = S3Error(.notS3, "the answer to a PUT has no ETag")
            error.mayHaveBeenApplied = true
            throw error
        }
        return etag
    }
}
