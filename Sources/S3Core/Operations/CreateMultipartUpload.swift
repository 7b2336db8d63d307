package import HTTPTransfer

/// Starts a multipart upload.
package struct CreateMultipartUpload: S3Operation {
    package static let name = "CreateMultipartUpload"

    private let key: [UInt8]
    private let headers: [HTTPHeader]

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - headers: metadata to store with the object.
    package init(key: [UInt8], headers: [HTTPHeader] = []) {
        self.key = key
        self.headers = headers
    }

    package func request() -> S3Request {
        var request = S3Request(.post, key: key)
        request.query = [("uploads", [])]
        request.headers = headers
        return request
    }

    /// Returns the upload ID.
    package func output(_ response: S3Response) throws(S3Error) -> [UInt8] {
        guard let id = XMLElement(parsing: response.body)?.value("UploadId"), !id.isEmpty else {
            throw S3Error(.notS3, "the response has no upload id")
        }
        return id
    }
}
