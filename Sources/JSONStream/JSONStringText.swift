package import ByteIO

/// The text between the quotes of a JSON string. Source: RFC 8259, section 7.
package enum JSONStringText {
    /// A string whose escapes do not form Unicode text.
    package struct Malformed: Error, Equatable, Sendable {
        /// The offset from the start of the text, in bytes.
        package let offset: Int
        /// The reason, as the end of a sentence.
        package let reason: String
    }

    /// Appends the unescaped `text` to `value`, in UTF-8.
    ///
    /// Bytes outside escapes are copied without validation.
    /// - Throws: at an invalid escape or a lone surrogate.
    package static func unescape(_ text: RawSpan, into value: inout ByteBuffer) throws(Malformed) {
        var offset = 0
        while offset < text.byteCount {
            let byte = text[offset]
            guard byte == UInt8(ascii: "\\") else {
                value.append(byte)
                offset += 1
                continue
            }
            if offset + 1 < text.byteCount, let short = shortEscape(text[offset + 1]) {
                value.append(short)
                offset += 2
            } else {
                append(try scalar(text, at: &offset), to: &value)
            }
        }
    }

    /// The byte that a backslash and `letter` stand for; nil if they are not an escape by themselves.
    static func shortEscape(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Decodes `\uXXXX`, or two of them that form a surrogate pair, at `offset`, and moves `offset` past
    /// them.
    private static func scalar(_ text: RawSpan, at offset: inout Int) throws(Malformed) -> Unicode.Scalar {
        guard let unit = codeUnit(text, at: offset) else {
            throw Malformed(offset: offset, reason: "the escape is not one of JSON's")
        }
        if let scalar = Unicode.Scalar(unit) {
            offset += 6
            return scalar
        }
        guard unit < 0xDC00, let low = codeUnit(text, at: offset + 6), 0xDC00...0xDFFF ~= low,
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw Malformed(offset: offset, reason: "a surrogate stands alone") }
        offset += 12
        return scalar
    }

    private static func codeUnit(_ text: RawSpan, at offset: Int) -> UInt32? {
        guard offset + 6 <= text.byteCount, text[offset] == UInt8(ascii: "\\"),
            text[offset + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt32 = 0
        for index in offset + 2..<offset + 6 {
            guard let digit = Hexadecimal.value(text[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func append(_ scalar: Unicode.Scalar, to value: inout ByteBuffer) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { value.append(byte) }
    }
}
