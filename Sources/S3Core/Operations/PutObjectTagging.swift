import ByteIO
import Digest
import HTTPTransfer

/// Sets the tags of an object that is there.
struct PutObjectTagging: S3Operation {
    static let name = "PutObjectTagging"

    private let key: [UInt8]
    private let body: ByteBlock

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - tags: as the field x-amz-tagging has them: `a=b&c=d`, percent-encoded.
    init(key: [UInt8], tags: [UInt8]) {
        self.key = key
        body = Self.document(tags)
    }

    func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.query = [("tagging", [])]
        // S3 asks for it here. Source: Amazon S3 API Reference, PutObjectTagging.
        request.headers = [
            HTTPHeader([UInt8]("content-md5".utf8), Base64.encode(MessageDigest.hash(body.bytes, .md5)))
        ]
        request.body = body
        return request
    }

    func output(_ response: S3Response) throws(S3Error) {}

    private static func document(_ tags: [UInt8]) -> ByteBlock {
        var text = [UInt8]("<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>".utf8)
        for tag in tags.split(separator: UInt8(ascii: "&")) {
            let pair = tag.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            text += "<Tag><Key>".utf8
            XMLElement.append(escaped: PercentEncoding.decodeForm(Array(pair[0])), to: &text)
            text += "</Key><Value>".utf8
            if pair.count > 1 {
                XMLElement.append(escaped: PercentEncoding.decodeForm(Array(pair[1])), to: &text)
            }
            text += "</Value></Tag>".utf8
        }
        text += "</TagSet></Tagging>".utf8
        return ByteBlock(text.bytes)
    }
}
