package import HTTPTransfer

/// What the header fields of an answer say of an object.
package struct ObjectHead: Equatable, Sendable {
    /// As it came, quotes included; opaque.
    package let etag: [UInt8]?
    /// Bytes of this answer's body, if the service says so.
    package let contentLength: Int?
    /// Which bytes of the object the body is, if it is a part (206).
    package let contentRange: ContentRange?

    package init(_ head: HTTPResponseHead) {
        etag = head.value("etag")
        contentLength = head.number("content-length")
        contentRange = head.text("content-range").flatMap(ContentRange.init)
    }

    /// The size of the whole object, in bytes, if the answer tells.
    package var objectSize: Int? { contentRange.map(\.objectSize) ?? contentLength }
}

/// `bytes 0-9/100`: the first ten of a hundred bytes. Source: RFC 9110, 14.4.
package struct ContentRange: Equatable, Sendable {
    package let bytes: Range<Int>
    package let objectSize: Int

    /// Nil for anything else, a size of `*` included: S3 always knows it.
    package init?(_ text: String) {
        let parts = text.split { $0 == " " || $0 == "-" || $0 == "/" }
        guard parts.count == 4, parts[0].lowercased() == "bytes", let first = Int(parts[1]),
            let last = Int(parts[2]), let size = Int(parts[3]), 0 <= first, first <= last, last < size
        else { return nil }
        bytes = first..<(last + 1)
        objectSize = size
    }
}
