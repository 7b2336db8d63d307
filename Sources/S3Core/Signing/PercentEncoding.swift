import ByteIO

/// Percent-encoding for S3 signatures: everything but the unreserved characters of RFC 3986, in upper-case
/// hexadecimal, each byte once.
package enum PercentEncoding {
    private static let inQueries = PercentEscaping(keeping: "-_.~")
    private static let inPaths = PercentEscaping(keeping: "-_.~/")

    /// Appends `bytes`, encoded; if `keepingSlash`, `/` is not encoded, as in paths.
    package static func append(_ bytes: [UInt8], keepingSlash: Bool = false, to text: inout [UInt8]) {
        (keepingSlash ? inPaths : inQueries).append(bytes, to: &text)
    }

    /// A `%` that is not followed by two hexadecimal digits.
    package struct Malformed: Error, Equatable, Sendable {
        /// Its offset in bytes.
        package let offset: Int
    }

    /// Like `decodeForm`, but throws if the text, which a user gives, is malformed.
    package static func decodeStrictly(_ text: [UInt8]) throws(Malformed) -> [UInt8] {
        for (offset, byte) in text.enumerated() where byte == UInt8(ascii: "%") {
            guard offset + 2 < text.count, Hexadecimal.value(text[offset + 1]) != nil,
                Hexadecimal.value(text[offset + 2]) != nil
            else { throw Malformed(offset: offset) }
        }
        return decodeForm(text)
    }

    /// Decodes form encoding, in which `+` is a space: S3 uses it for keys with `encoding-type=url`.
    ///
    /// A `%` that is not followed by two hexadecimal digits is taken literally.
    package static func decodeForm(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                if index + 2 < text.count, let high = Hexadecimal.value(text[index + 1]),
                    let low = Hexadecimal.value(text[index + 2])
                {
                    bytes.append(high << 4 | low)
                    index += 2
                } else {
                    bytes.append(text[index])
                }
            default: bytes.append(text[index])
            }
            index += 1
        }
        return bytes
    }
}
