package import ByteIO

/// The HTTP methods of S3.
package enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
}

/// One header. Names are lower case; values are as sent.
///
/// It is stored as the header line, because that is the form needed for each request.
package struct HTTPHeader: Equatable, Sendable {
    /// `name: value`
    package let line: [UInt8]
    /// The length of the name in bytes.
    package let nameLength: Int

    private static let separator = [UInt8](": ".utf8)

    package init(_ name: [UInt8], _ value: [UInt8]) {
        var line = name
        line.reserveCapacity(name.count + Self.separator.count + value.count)
        line += Self.separator
        line += value
        self.init(line: line, nameLength: name.count)
    }

    /// - Parameter line: the name, of that length, then a colon and a space, then the value.
    package init(line: [UInt8], nameLength: Int) {
        self.line = line
        self.nameLength = nameLength
    }

    package var name: [UInt8] { Array(line[..<nameLength]) }
    package var value: [UInt8] { Array(line[valueStart...]) }
    /// The offset of the value in the line.
    package var valueStart: Int { nameLength + Self.separator.count }

    package func isCalled(_ name: [UInt8]) -> Bool { line.bytes.extracting(first: nameLength).equals(name) }

    /// True if its name sorts before the other's, by bytes.
    package func precedes(_ other: HTTPHeader) -> Bool {
        line[..<nameLength].lexicographicallyPrecedes(other.line[..<other.nameLength])
    }

    package init(_ name: String, _ value: String) {
        self.init([UInt8](name.utf8), [UInt8](value.utf8))
    }

    /// False if the value contains CR, LF or NUL, which would end the header line or the string (RFC 9110,
    /// 5.5).
    package static func isValue(_ bytes: [UInt8]) -> Bool { isValue(bytes.bytes) }

    static func isValue(_ bytes: RawSpan) -> Bool {
        // The fast path: most values have no byte up to CR.
        !bytes.hasByte(upTo: 0x0D)
            || bytes.prefixLength { $0 != 0 && $0 != 0x0A && $0 != 0x0D } == bytes.byteCount
    }
}

/// A complete request. Only Content-Length, User-Agent and, if it is missing, Host are added.
package struct HTTPRequest {
    package var method: HTTPMethod
    /// The absolute URL, percent-encoded; sent unchanged.
    package var url: [UInt8]
    package var headers: [HTTPHeader]
    /// The body of a PUT or POST; must not change until the transfer has ended. Nil for none.
    package var body: ByteBlock?
    /// Whether libcurl may itself send the request again if a reused connection turns out to be closed. False
    /// if applying the request twice differs from applying it once.
    package var mayBeResent = true
    /// The time limit for connecting, in milliseconds.
    package var connectMilliseconds = 10_000
    /// The time without a byte in either direction after which the transfer fails, in milliseconds. It also
    /// limits the wait for the first byte of a response.
    package var silenceMilliseconds = 60_000
    /// Whether to use a proxy that the environment sets; libcurl reads the environment for each transfer.
    package var usesProxy = true

    package init(method: HTTPMethod, url: [UInt8], headers: [HTTPHeader], body: ByteBlock? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
