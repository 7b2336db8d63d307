import ByteIO
import Digest
package import HTTPTransfer

/// AWS Signature Version 4 for S3, in the Authorization header.
///
/// The signing key for a day, region and credentials is derived once.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
package struct Signer: ~Copyable {
    /// The hash of an empty body.
    package static let emptyPayloadHash = [UInt8](
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".utf8)

    /// Replaces the body's hash if the signature does not cover the body.
    package static let unsignedPayload = [UInt8]("UNSIGNED-PAYLOAD".utf8)

    private static let algorithm = "AWS4-HMAC-SHA256"
    private static let algorithmLine = [UInt8]((algorithm + "\n").utf8)
    private static let newline = UInt8(ascii: "\n")

    private let credentials: Credentials
    private let region: [UInt8]
    private let service: [UInt8]
    private var digest = MessageDigest(.sha256)
    private var key: HMACSHA256
    /// The date of `key`, `20130524`.
    private var day: [UInt8] = []
    /// `20130524/us-east-1/s3/aws4_request` and a newline.
    private var scopeLine: [UInt8] = []
    /// The start of the Authorization header on that day.
    private var authorizationStart: [UInt8] = []
    // Reused buffers.
    private var canonicalRequest = ByteBuffer()
    private var textToSign = ByteBuffer()
    private var signedHeaders = ByteBuffer()
    private var text = ByteBuffer()

    /// - Parameter service: the service's name in signatures.
    package init(_ credentials: Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = [UInt8](region.utf8)
        self.service = [UInt8](service.utf8)
        key = HMACSHA256(key: credentials.secretAccessKey.bytes)
    }

    /// The hash of a body for `x-amz-content-sha256` and the signature, in hexadecimal.
    package mutating func payloadHash(_ body: RawSpan) -> [UInt8] {
        guard body.byteCount > 0 else { return Self.emptyPayloadHash }
        digest.update(body)
        return Hexadecimal.encode(digest.finish())
    }

    /// Returns the Authorization header.
    ///
    /// - Parameters:
    ///   - path: the path as sent, encoded.
    ///   - query: the query as sent: encoded, sorted by name, each name with a `=`.
    ///   - headers: all headers to sign, sorted by name, including Host.
    ///   - payloadHash: the result of `payloadHash(_:)`.
    ///   - time: the value of `x-amz-date`.
    package mutating func authorization(
        method: HTTPMethod, path: RawSpan, query: [UInt8], headers: [HTTPHeader], payloadHash: [UInt8],
        time: [UInt8]
    ) -> HTTPHeader {
        deriveKey(day: time.bytes.extracting(first: 8))
        // Local copies, since a span of a property prevents changes of other properties.
        let (scopeLine, authorizationStart) = (scopeLine, authorizationStart)
        canonicalRequest.removeAll()
        for byte in method.rawValue.utf8 { canonicalRequest.append(byte) }
        canonicalRequest.append(Self.newline)
        canonicalRequest.append(path)
        canonicalRequest.append(Self.newline)
        canonicalRequest.append(query.bytes)
        canonicalRequest.append(Self.newline)
        signedHeaders.removeAll()
        for header in headers {
            let line = header.line.bytes
            canonicalRequest.append(line.extracting(first: header.nameLength + 1))
            Self.append(canonical: line.extracting(droppingFirst: header.valueStart), to: &canonicalRequest)
            canonicalRequest.append(Self.newline)
            if signedHeaders.count > 0 { signedHeaders.append(UInt8(ascii: ";")) }
            signedHeaders.append(line.extracting(first: header.nameLength))
        }
        canonicalRequest.append(Self.newline)
        canonicalRequest.append(signedHeaders)
        canonicalRequest.append(Self.newline)
        canonicalRequest.append(payloadHash.bytes)

        textToSign.removeAll()
        textToSign.append(Self.algorithmLine.bytes)
        textToSign.append(time.bytes)
        textToSign.append(Self.newline)
        textToSign.append(scopeLine.bytes)
        digest.update(canonicalRequest)
        digest.finish(hexadecimalInto: &textToSign)

        text.removeAll()
        text.append(authorizationStart.bytes)
        text.append(signedHeaders)
        text.append(Self.signature.bytes)
        key.code(textToSign, hexadecimalInto: &text)
        return HTTPHeader(line: text.bytes.array, nameLength: Self.fieldName.utf8.count)
    }

    private static let fieldName = "authorization"
    private static let signature = [UInt8](",Signature=".utf8)

    /// Appends a value without leading and trailing white space, and with runs of spaces reduced to one.
    private static func append(canonical value: RawSpan, to text: inout ByteBuffer) {
        // Most values contain no white space.
        guard value.hasByte(upTo: 0x20) else { return text.append(value) }
        var pendingSpace = false
        var isFirst = true
        for index in 0..<value.byteCount {
            let byte = value[index]
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

    private mutating func deriveKey(day newDay: RawSpan) {
        guard !newDay.equals(day) else { return }
        day = newDay.array
        let scope = day + [UInt8(ascii: "/")] + region + [UInt8(ascii: "/")] + service + "/aws4_request".utf8
        scopeLine = scope + [Self.newline]
        authorizationStart =
            "\(Self.fieldName): \(Self.algorithm) Credential=".utf8 + credentials.accessKeyID
            + [UInt8(ascii: "/")] + scope + ",SignedHeaders=".utf8
        var secret = [UInt8]("AWS4".utf8) + credentials.secretAccessKey
        for part in [day, region, service, [UInt8]("aws4_request".utf8)] {
            var hmac = HMACSHA256(key: secret.bytes)
            secret = hmac.code(part.bytes)
        }
        key = HMACSHA256(key: secret.bytes)
    }
}
