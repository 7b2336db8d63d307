import ByteIO
import Digest
package import HTTPTransfer

/// AWS Signature Version 4 for S3, in the Authorization field.
///
/// The key that the day, the region and the credentials give is derived once.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
package struct Signer: ~Copyable {
    /// The hash of a body of no bytes.
    package static let emptyPayloadHash = [UInt8](
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".utf8)

    private static let algorithm = [UInt8]("AWS4-HMAC-SHA256".utf8)
    private static let newline = UInt8(ascii: "\n")

    private let credentials: Credentials
    private let region: [UInt8]
    private var digest = MessageDigest(.sha256)
    private var key: HMACSHA256
    /// The day `key` is for, `20130524`.
    private var day: [UInt8] = []
    /// `20130524/us-east-1/s3/aws4_request`
    private var scope: [UInt8] = []
    private var signedHeaders: [UInt8] = []

    package init(_ credentials: Credentials, region: String) {
        self.credentials = credentials
        self.region = [UInt8](region.utf8)
        key = HMACSHA256(key: credentials.secretAccessKey.bytes)
    }

    /// The hash of a body as `x-amz-content-sha256` and the signature have it, in hexadecimal.
    package mutating func payloadHash(_ body: RawSpan) -> [UInt8] {
        guard body.byteCount > 0 else { return Self.emptyPayloadHash }
        digest.update(body)
        return Hexadecimal.encode(digest.finish())
    }

    /// The value of Authorization.
    ///
    /// - Parameters:
    ///   - path: the path as it is sent, encoded.
    ///   - query: the query as it is sent: encoded, sorted by name, each name with a `=`.
    ///   - headers: every header that is to be signed, sorted by name, Host among them.
    ///   - payloadHash: what `payloadHash(_:)` gave.
    ///   - time: the time of `x-amz-date`, in its form.
    package mutating func authorization(
        method: HTTPMethod, path: [UInt8], query: [UInt8], headers: [HTTPHeader], payloadHash: [UInt8],
        time: [UInt8]
    ) -> [UInt8] {
        deriveKey(day: Array(time.prefix(8)))
        var canonicalRequest: [UInt8] = []
        canonicalRequest.reserveCapacity(768)
        canonicalRequest += method.rawValue.utf8
        canonicalRequest.append(Self.newline)
        canonicalRequest += path
        canonicalRequest.append(Self.newline)
        canonicalRequest += query
        canonicalRequest.append(Self.newline)
        signedHeaders.removeAll(keepingCapacity: true)
        for header in headers {
            canonicalRequest += header.name
            canonicalRequest.append(UInt8(ascii: ":"))
            Self.append(canonical: header.value, to: &canonicalRequest)
            canonicalRequest.append(Self.newline)
            if !signedHeaders.isEmpty { signedHeaders.append(UInt8(ascii: ";")) }
            signedHeaders += header.name
        }
        canonicalRequest.append(Self.newline)
        canonicalRequest += signedHeaders
        canonicalRequest.append(Self.newline)
        canonicalRequest += payloadHash

        var textToSign = Self.algorithm
        textToSign.reserveCapacity(192)
        textToSign.append(Self.newline)
        textToSign += time
        textToSign.append(Self.newline)
        textToSign += scope
        textToSign.append(Self.newline)
        digest.update(canonicalRequest.bytes)
        Hexadecimal.append(digest.finish(), to: &textToSign)
        return authorization(signature: key.code(textToSign.bytes))
    }

    private func authorization(signature: [UInt8]) -> [UInt8] {
        var text = Self.algorithm
        text.reserveCapacity(256)
        text += " Credential=".utf8
        text += credentials.accessKeyID
        text.append(UInt8(ascii: "/"))
        text += scope
        text += ",SignedHeaders=".utf8
        text += signedHeaders
        text += ",Signature=".utf8
        Hexadecimal.append(signature, to: &text)
        return text
    }

    /// A value without white space at its ends, and with one space where it has several.
    private static func append(canonical value: [UInt8], to text: inout [UInt8]) {
        // Most values have none.
        guard value.contains(where: { $0 == 0x20 || $0 == 0x09 }) else { return text += value }
        var pendingSpace = false
        var isFirst = true
        for byte in value {
            if byte == 0x20 || byte == 0x09 {
                pendingSpace = true
                continue
            }
            if pendingSpace && !isFirst { text.append(0x20) }
            text.append(byte)
            pendingSpace = false
            isFirst = false
        }
    }

    private mutating func deriveKey(day: [UInt8]) {
        guard day != self.day else { return }
        self.day = day
        scope = day + [UInt8(ascii: "/")] + region + "/s3/aws4_request".utf8
        var secret = [UInt8]("AWS4".utf8) + credentials.secretAccessKey
        for part in [day, region, [UInt8]("s3".utf8), [UInt8]("aws4_request".utf8)] {
            var hmac = HMACSHA256(key: secret.bytes)
            secret = hmac.code(part.bytes)
        }
        key = HMACSHA256(key: secret.bytes)
    }
}
