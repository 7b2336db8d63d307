package import ByteIO

/// The methods S3 uses.
package enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
}

/// One header field. Names are lower case, values as they go over the wire.
package struct HTTPHeader: Equatable, Sendable {
    package let name: [UInt8]
    package let value: [UInt8]

    package init(_ name: [UInt8], _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) {
        self.init([UInt8](name.utf8), [UInt8](value.utf8))
    }

    /// False if the value would end the header line or the string early: CR, LF or NUL (RFC 9110, 5.5).
    package static func isValue(_ bytes: [UInt8]) -> Bool { isValue(bytes.bytes) }

    static func isValue(_ bytes: RawSpan) -> Bool {
        // Most values have no byte as low as these.
        !bytes.hasByte(upTo: 0x0D)
            || bytes.prefixLength { $0 != 0 && $0 != 0x0A && $0 != 0x0D } == bytes.byteCount
    }
}

/// One request, ready to be sent. Nothing is added to it but Content-Length, User-Agent and, if it is not
/// among the headers, Host.
package struct HTTPRequest {
    package var method: HTTPMethod
    /// The absolute URL, percent-encoded; sent as it stands.
    package var url: [UInt8]
    package var headers: [HTTPHeader]
    /// The body of a PUT or POST; it must not change until the transfer has ended. Nil sends none.
    package var body: ByteBlock?
    /// Whether libcurl may send the request again by itself when a kept connection turns out to be dead: not
    /// where being acted on twice is another thing than once.
    package var mayBeResent = true

    package init(method: HTTPMethod, url: [UInt8], headers: [HTTPHeader], body: ByteBlock? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
