import HTTPTransfer

/// An entity tag, which identifies a version of an object. It is opaque, but because it is written into
/// receipts and sent in If-Match, invalid values are ignored.
package enum EntityTag {
    /// True if all characters are visible: no white space, no control characters. Quotes may be missing.
    /// Source: RFC 9110, 8.8.3.
    static func isValid(_ text: [UInt8]) -> Bool {
        !text.isEmpty && text.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// The tag without its quotes, which some services omit in some responses.
    package static func unquoted(_ tag: [UInt8]) -> [UInt8] {
        guard tag.count >= 2, tag.first == quote, tag.last == quote else { return tag }
        return Array(tag.dropFirst().dropLast())
    }

    /// True if both may identify the same version. An intermediary that compresses changes the tag: nginx
    /// makes it weak, Apache adds a suffix.
    static func canBeSame(_ one: [UInt8]?, _ other: [UInt8]?) -> Bool {
        guard let one, let other else { return one == other }
        return one == other || core(one).elementsEqual(core(other))
    }

    private static func core(_ tag: [UInt8]) -> ArraySlice<UInt8> {
        var core = tag[...]
        if core.starts(with: weakPrefix) { core = core.dropFirst(weakPrefix.count) }
        if core.first == quote { core = core.dropFirst() }
        if core.last == quote { core = core.dropLast() }
        if core.suffix(addition.count).elementsEqual(addition) { core = core.dropLast(addition.count) }
        return core
    }

    private static let weakPrefix = [UInt8]("W/".utf8)
    private static let addition = [UInt8]("-gzip".utf8)
    private static let quote = UInt8(ascii: "\"")
}

extension HTTPResponseHead {
    /// The value of the ETag header; nil if it is missing or invalid.
    var entityTag: [UInt8]? { value("etag").flatMap { EntityTag.isValid($0) ? $0 : nil } }
}
