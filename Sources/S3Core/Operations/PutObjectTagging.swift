import ByteIO
import Digest
import HTTPTransfer

/// Sets the tags of an existing object.
struct PutObjectTagging: S3Operation {
    static let name = "PutObjectTagging"

    private let key: [UInt8]
    private let body: ByteBlock

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - tags: in the format of the header x-amz-tagging: `a=b&c=d`, percent-encoded.
    init(key: [UInt8], tags: [UInt8]) {
        self.key = key
        body = Self.document(tags)
    }

    func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.query = [("tagging", [])]
        // S3 requires it here. Source: Amazon S3 API Reference, PutObjectTagging.
        request.headers = [
            HTTPHeader([UInt8]("content-md5".utf8), Base64.encode(MessageDigest.hash(body.bytes, .md5)))
        ]
        request.body = body
        return request
    }

    func output(_ response: S3Response) throws(S3Error) {}

    private static func document(_ tags: [UInt8]) -> ByteBlock {
        let text = XMLText.document("Tagging") {
            $0.element("TagSet") { text in
                for tag in tags.split(separator: UInt8(ascii: "&")) {
                    let pair = tag.split(
                        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                    text.element("Tag") {
                        $0.element("Key", PercentEncoding.decodeForm(Array(pair[0])))
                        $0.element("Value", pair.count > 1 ? PercentEncoding.decodeForm(Array(pair[1])) : [])
                    }
                }
            }
        }
        return ByteBlock(text.bytes)
    }
}
