import ByteIO
package import HTTPTransfer

/// Makes an object of its parts; from then on it can be seen.
package struct CompleteMultipartUpload: S3Operation {
    package static let name = "CompleteMultipartUpload"

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
        return request
    }

    /// The object's ETag.
    ///
    /// - Throws: the error that an answer of status 200 may hold, `damaged` for one that is cut short, `notS3`
    ///   for any other that is no result.
    package func output(_ response: S3Response) throws(S3Error) -> [UInt8] {
        guard let root = XMLElement(parsing: response.body) else {
            // As good as none: asked again, the service says whether the upload is still there.
            var error = S3Error(.damaged, "the answer is cut short")
            error.mayHaveBeenApplied = true
            throw error
        }
        guard root.name == "CompleteMultipartUploadResult",
            let etag = root.value("ETag"), EntityTag.isValid(etag)
        else {
            var error = S3Error(.notS3, "the answer does not say that the upload is complete")
            error.mayHaveBeenApplied = true
            throw error
        }
        return etag
    }

    private static func document(_ parts: [UploadedPart]) -> ByteBlock {
        var text = [UInt8]("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".utf8)
        for part in parts {
            text += "<Part><PartNumber>\(part.number)</PartNumber><ETag>".utf8
            append(escaped: part.etag, to: &text)
            text += "</ETag>".utf8
            if let checksum = part.checksum {
                let name = "Checksum" + checksum.algorithm.name
                text += "<\(name)>".utf8
                text += checksum.text
                text += "</\(name)>".utf8
            }
            text += "</Part>".utf8
        }
        text += "</CompleteMultipartUpload>".utf8
        return ByteBlock(text.bytes)
    }

    private static func append(escaped bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "&"): text += "&amp;".utf8
            case UInt8(ascii: "<"): text += "&lt;".utf8
            case UInt8(ascii: ">"): text += "&gt;".utf8
            default: text.append(byte)
            }
        }
    }
}
