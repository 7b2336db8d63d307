import ByteIO
package import HTTPTransfer

/// Makes an object of its parts; from then on it can be seen.
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
    ///   - parts: all of them, in order of their numbers.
    ///   - headers: conditions.
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
    /// - Throws: `damaged` for an answer that is cut short, `S3Error.isUnclear` for any other without an ETag.
    package func output(_ response: S3Response) throws(S3Error) -> [UInt8] {
        guard let root = XMLElement(parsing: response.body) else {
            // As good as none: asked again, the service says whether the upload is still there.
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
