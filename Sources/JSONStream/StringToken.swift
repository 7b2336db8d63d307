import ByteIO

/// The state of a string after its opening quote. Source: RFC 8259, section 7.
enum StringToken: Equatable, Sendable {
    /// Before a character, an escape or the closing quote.
    case characters
    /// After a backslash.
    case escape
    /// In the digits of `\uXXXX`, of which `missing` follow.
    case hexadecimal(missing: UInt8)
    /// In a character of several bytes, of which `missing` follow; the next must be from `lowest` to `highest`.
    case continuation(missing: UInt8, lowest: UInt8, highest: UInt8)

    /// The bytes that a string may contain.
    enum Alphabet {
        /// Well-formed UTF-8.
        case utf8
        /// Any bytes above 0x7F, which are not validated.
        case anyBytes

        /// The bits that end a run of plain bytes.
        fileprivate var mask: UInt64 { self == .utf8 ? 0x8080_8080_8080_8080 : 0 }
    }

    /// What is allowed here, where `byte` is invalid; nil for the end of the input.
    func expectation(insteadOf byte: UInt8? = nil) -> JSONSyntaxError.Expectation {
        switch self {
        case .characters: (byte ?? 0) >= 0x80 ? .wellFormedUTF8 : .stringCharacter
        case .escape: .escapeCharacter
        case .hexadecimal: .hexadecimalDigit
        case .continuation: .wellFormedUTF8
        }
    }

    /// Reads `bytes` from `offset`, and moves `offset` past the bytes that belong to the string.
    mutating func scan(_ bytes: RawSpan, _ alphabet: Alphabet = .utf8, at offset: inout Int) -> JSONToken.End
    {
        while offset < bytes.byteCount {
            if self == .characters {
                Self.skipPlain(bytes, alphabet, at: &offset)
                guard offset < bytes.byteCount else { break }
                if bytes[offset] == UInt8(ascii: "\"") {
                    offset += 1
                    return .ended
                }
            }
            guard let following = following(bytes[offset]) else { return .failed }
            self = following
            offset += 1
        }
        return .needsBytes
    }

    /// Moves to the next quote, backslash, control character or, in UTF-8, byte above 0x7F, or to the end.
    @inline(__always)
    static func skipPlain(_ bytes: RawSpan, _ alphabet: Alphabet, at offset: inout Int) {
        while offset + 8 <= bytes.byteCount {
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            let found = special(UInt64(littleEndian: word), alphabet)
            if found != 0 {
                offset += found.trailingZeroBitCount / 8
                return
            }
            offset += 8
        }
        while offset < bytes.byteCount, !isSpecial(bytes[offset], alphabet) { offset += 1 }
    }

    @inline(__always)
    private static func isSpecial(_ byte: UInt8, _ alphabet: Alphabet) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            || alphabet == .utf8 && byte >= 0x80
    }

    /// Sets the high bit of each byte that is not plain, eight bytes at once.
    ///
    /// A subtraction only borrows from a marked byte, so the lowest mark is always correct; higher marks may
    /// be wrong.
    @inline(__always)
    private static func special(_ word: UInt64, _ alphabet: Alphabet) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let control = (word &- ones &* 0x20) & ~word
        return ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | control) & (ones &* 0x80)
            | word & alphabet.mask
    }

    /// The state after `byte`, which is neither plain nor the closing quote; nil if it is not allowed.
    private func following(_ byte: UInt8) -> StringToken? {
        switch self {
        case .characters: byte == UInt8(ascii: "\\") ? .escape : Self.sequence(startedBy: byte)
        case .escape:
            JSONStringText.shortEscape(byte) != nil
                ? .characters : byte == UInt8(ascii: "u") ? .hexadecimal(missing: 4) : nil
        case .hexadecimal(let missing):
            Hexadecimal.value(byte) == nil
                ? nil : missing == 1 ? .characters : .hexadecimal(missing: missing - 1)
        case .continuation(let missing, let lowest, let highest):
            byte < lowest || byte > highest
                ? nil
                : missing == 1
                    ? .characters : .continuation(missing: missing - 1, lowest: 0x80, highest: 0xBF)
        }
    }

    /// The number of bytes after a UTF-8 lead byte, and the allowed values of the first of them, which
    /// exclude overlong forms, surrogates and values above U+10FFFF. Source: Unicode, table 3-7.
    private static func sequence(startedBy lead: UInt8) -> StringToken? {
        switch lead {
        case 0xC2...0xDF: .continuation(missing: 1, lowest: 0x80, highest: 0xBF)
        case 0xE0: .continuation(missing: 2, lowest: 0xA0, highest: 0xBF)
        case 0xED: .continuation(missing: 2, lowest: 0x80, highest: 0x9F)
        case 0xE1...0xEF: .continuation(missing: 2, lowest: 0x80, highest: 0xBF)
        case 0xF0: .continuation(missing: 3, lowest: 0x90, highest: 0xBF)
        case 0xF1...0xF3: .continuation(missing: 3, lowest: 0x80, highest: 0xBF)
        case 0xF4: .continuation(missing: 3, lowest: 0x80, highest: 0x8F)
        default: nil
        }
    }
}
