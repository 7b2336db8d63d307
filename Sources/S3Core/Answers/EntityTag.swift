import HTTPTransfer

/// The name of an object's version. Opaque, but since it is written into receipts and sent back in If-Match,
/// what may not stand there is not taken for one.
enum EntityTag {
    /// True for visible characters: no white space, no control characters. Quotes may lack.
    /// Source: RFC 9110, 8.8.3.
    static func isValid(_ text: [UInt8]) -> Bool {
        !text.isEmpty && text.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}

extension HTTPResponseHead {
    /// The value of ETag, if it may be one.
    var entityTag: [UInt8]? { value("etag").flatMap { EntityTag.isValid($0) ? $0 : nil } }
}
