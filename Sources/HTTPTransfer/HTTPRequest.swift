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
///
/// It is kept as the line that is sent, since that is what becomes of it for each request.
package struct HTTPHeader: Equatable, Sendable {
    /// `name: value`
    package let line: [UInt8]
    /// How long the name is, in bytes.
    package let nameLength: Int

    private static let separator = [UInt8](": ".utf8)

    package init(_ name: [UInt8], _ value: [UInt8]) {
        var line = name
        line.reserveCapacity(name.count + Self.separator.count + value.count)
        line += Self.separator
        line += value
        self.init(line: line, nameLength: name.count)
    }

    /// - Parameter line: the name of that length, a colon and a space, and the value.
    package init(line: [UInt8], nameLength: Int) {
        self.line = line
        self.nameLength = nameLength
    }

    package var name: [UInt8] { Array(line[..<nameLength]) }
    package var value: [UInt8] { Array(line[valueStart...]) }
    /// Where in the line the value begins.
    package var valueStart: Int { nameLength + Self.separator.count }

    package func isCalled(_ name: [UInt8]) -> Bool { line.bytes.extracting(first: nameLength).equals(name) }

    /// True if its name comes before the other's, by bytes.
    package func precedes(_ other: HTTPHeader) -> Bool {
        line[..<nameLength].lexicographicallyPrecedes(other.line[..<other.nameLength])
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
    /// How long a connection may take to come about, in milliseconds.
    package var connectMilliseconds = 10_000
    /// How long the transfer may go on without a byte in either direction, in milliseconds. It also bounds the wait
    /// for the first byte of an answer.
    package var silenceMilliseconds = 60_000
    /// Whether a proxy may stand between, if the environment names one, which libcurl else looks for each time.
    package var usesProxy = true

    package init(method: HTTPMethod, url: [UInt8], headers: [HTTPHeader], body: ByteBlock? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
