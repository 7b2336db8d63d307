package import HTTPTransfer
import S3Core

/// The validated header fields to store with each object.
///
/// Source: Amazon S3 API Reference, PutObject.
package struct ObjectFields: Equatable, Sendable {
    /// The value of an option is not allowed.
    package struct Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// S3's limits. Source: Amazon S3 User Guide, "Working with object metadata", "Categorizing your storage
    /// using tags".
    private static let maxMetadata = 2048
    private static let maxTags = 10

    private var fields: [HTTPHeader] = []
    private var tags: [(name: String, value: [UInt8])] = []
    private var metadataSize = 0

    package init() {}

    package static func == (left: ObjectFields, right: ObjectFields) -> Bool { left.headers == right.headers }

    /// The fields in the form in which they are sent.
    package var headers: [HTTPHeader] {
        guard !tags.isEmpty else { return fields }
        var text: [UInt8] = []
        for tag in tags {
            if !text.isEmpty { text.append(UInt8(ascii: "&")) }
            PercentEncoding.append([UInt8](tag.name.utf8), to: &text)
            text.append(UInt8(ascii: "="))
            PercentEncoding.append(tag.value, to: &text)
        }
        return fields + [HTTPHeader([UInt8]("x-amz-tagging".utf8), text)]
    }

    /// Sets a field if the value is not nil.
    package mutating func set(_ name: String, _ value: String?, option: String) throws(Invalid) {
        guard let value else { return }
        try check(value, option: option)
        fields.append(HTTPHeader(name, value))
    }

    /// Adds `K=V` as `x-amz-meta-K: V`.
    package mutating func add(metadata pair: String) throws(Invalid) {
        let (name, value) = try Self.split(pair, option: "--metadata")
        guard name.utf8.allSatisfy(Self.isTokenByte) else {
            throw Invalid(
                description: "--metadata '\(pair)': a name consists of letters, digits and !#$%&'*+-.^_`|~")
        }
        try refuseSeveral(pair, value, separators: ",", option: "--metadata")
        try check(value, option: "--metadata '\(pair)'")
        let field = "x-amz-meta-" + name.lowercased()
        guard !fields.contains(where: { $0.name.elementsEqual(field.utf8) }) else {
            throw Invalid(description: "--metadata '\(pair)': the name is given twice")
        }
        metadataSize += name.utf8.count + value.utf8.count
        guard metadataSize <= Self.maxMetadata else {
            throw Invalid(description: "--metadata: more than \(Self.maxMetadata) bytes in all")
        }
        fields.append(HTTPHeader(field, value))
    }

    /// Adds `K=V` to `x-amz-tagging`.
    package mutating func add(tag pair: String) throws(Invalid) {
        let (name, value) = try Self.split(pair, option: "--tag")
        try refuseSeveral(pair, value, separators: ",&", option: "--tag")
        // S3 compares tag names by bytes, so two encodings of one character are two names.
        guard !tags.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            throw Invalid(description: "--tag '\(pair)': the name is given twice")
        }
        guard tags.count < Self.maxTags else {
            throw Invalid(description: "--tag: an object has at most \(Self.maxTags) tags")
        }
        tags.append((name, [UInt8](value.utf8)))
    }

    /// S3 rejects or changes other bytes. Source: Amazon S3 User Guide, Working with object metadata: "Amazon
    /// S3 allows arbitrary Unicode characters in your metadata values", but it encodes them in its own way.
    private func check(_ value: String, option: String) throws(Invalid) {
        if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
            throw Invalid(description: "\(option): a control character cannot be sent, not even a line break")
        }
        if value.utf8.contains(where: { $0 >= 0x80 }) {
            throw Invalid(description: "\(option): only ASCII can be sent; percent-encode other characters")
        }
    }

    /// Refuses `a=1,b=2`, which other tools read as two pairs.
    private func refuseSeveral(
        _ pair: String, _ value: String, separators: String, option: String
    ) throws(Invalid) {
        let parts = pair.split { separators.contains($0) }
        guard parts.count > 1, let equals = parts[1].utf8.firstIndex(of: UInt8(ascii: "=")),
            equals > parts[1].startIndex, parts[1].utf8[..<equals].allSatisfy(Self.isTokenByte)
        else { return }
        throw Invalid(
            description: "\(option) '\(pair)' is one pair; for several: "
                + parts.map { "\(option) '\($0)'" }.joined(separator: " "))
    }

    private static func split(_ pair: String, option: String) throws(Invalid) -> (String, String) {
        // Compares bytes, not characters: a value may start with a combining mark, which would merge with the
        // `=`.
        guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex else {
            throw Invalid(description: "\(option) '\(pair)' is not of the form K=V")
        }
        return (String(pair[..<equals]), String(pair[pair.utf8.index(after: equals)...]))
    }

    /// Source: RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
