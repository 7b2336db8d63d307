import ByteIO
package import HTTPTransfer

/// Completes a multipart upload: the object becomes visible.
package struct CompleteMultipartUpload: S3Operation {
    package static let name = "CompleteMultipartUpload"

    /// It "can take several minutes". Source: Amazon S3 API Reference, CompleteMultipartUpload.
    private static let silenceMilliseconds = 15 * 60_000

    let key: [UInt8]
    let parts: [UploadedPart]
    private let uploadID: [UInt8]
    private let headers: [HTTPHeader]
    private let body: ByteBlock

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - parts: all parts, ordered by number.
    ///   - headers: conditional headers.
    package init(key: [UInt8], uploadID: [UInt8], parts: [UploadedPart], headers: [HTTPHeader] = []) {
        self.key = key
        self.uploadID = uploadID
        self.parts = parts
        self.headers = headers
        body = Self.document(parts)
    }

    package func request() -> S3Request {
        var request = S3Request(.post, key: key)
        request.query = [("uploadId", uploadID)]
        request.headers = headers + BodyChecksum.completion(parts)
        request.body = body
        request.silenceMilliseconds = Self.silenceMilliseconds
        return request
    }

    /// The object's ETag.
    ///
    /// - Throws: `damaged` for a truncated response, `S3Error.isUnclear` for any other without an ETag.
    package func output(_ response: S3Response) throws(S3Error) -> [UInt8] {
        guard let root = XMLElement(parsing: response.body) else {
            // Retried like a missing response: the next attempt shows whether the upload still exists.
            var error = S3Error(.damaged, "the response is truncated")
            error.mayHaveBeenApplied = true
            error.isUnanswered = true
            throw error
        }
        guard let etag = root.value("ETag"), EntityTag.isValid(etag) else {
            throw .unclear("the response to the completion of an upload has no ETag")
        }
        return etag
    }

    private static func document(_ parts: [UploadedPart]) -> ByteBlock {
        let text = XMLText.document("CompleteMultipartUpload") { text in
            for part in parts {
                text.element("Part") {
                    $0.element("PartNumber", [UInt8](String(part.number).utf8))
                    $0.element("ETag", part.etag)
                    if let checksum = part.checksum {
                        $0.element(named: "Checksum" + checksum.algorithm.name, checksum.text)
                    }
                }
            }
        }
        return ByteBlock(text.bytes)
    }
}
