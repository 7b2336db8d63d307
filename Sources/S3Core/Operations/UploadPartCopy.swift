import HTTPTransfer

/// Creates a part from bytes of an existing object.
struct UploadPartCopy: S3Operation {
    static let name = "UploadPartCopy"

    private let key: [UInt8]
    private let uploadID: [UInt8]
    private let number: Int
    private let source: [UInt8]
    private let range: Range<Int>

    /// - Parameters:
    ///   - key: the object's whole key; the bytes are copied from the object with the same key.
    ///   - range: the bytes to copy; not empty.
    init(key: [UInt8], bucket: String, uploadID: [UInt8], number: Int, range: Range<Int>) {
        self.key = key
        self.uploadID = uploadID
        self.number = number
        self.range = range
        var source = [UInt8]("/\(bucket)/".utf8)
        PercentEncoding.append(key, keepingSlash: true, to: &source)
        self.source = source
    }

    func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.query = [("partNumber", [UInt8](String(number).utf8)), ("uploadId", uploadID)]
        request.headers = [
            HTTPHeader([UInt8]("x-amz-copy-source".utf8), source),
            HTTPHeader("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
        ]
        return request
    }

    func output(_ response: S3Response) throws(S3Error) -> UploadedPart {
        guard let etag = XMLElement(parsing: response.body)?.value("ETag"), EntityTag.isValid(etag) else {
            throw S3Error(.notS3, "the response to the copy of a part has no ETag")
        }
        return UploadedPart(number: number, etag: etag, size: range.count)
    }
}
