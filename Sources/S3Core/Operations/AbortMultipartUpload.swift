import HTTPTransfer

/// Aborts a multipart upload and frees the storage of its parts.
package struct AbortMultipartUpload: S3Operation {
    package static let name = "AbortMultipartUpload"

    private let key: [UInt8]
    private let uploadID: [UInt8]

    package init(key: [UInt8], uploadID: [UInt8]) {
        self.key = key
        self.uploadID = uploadID
    }

    package func request() -> S3Request {
        var request = S3Request(.delete, key: key)
        request.query = [("uploadId", uploadID)]
        return request
    }

    package func output(_ response: S3Response) throws(S3Error) {}
}
