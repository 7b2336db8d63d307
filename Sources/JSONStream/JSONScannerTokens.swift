import ByteIO

/// The three literal names.
package enum Literal: Sendable, CustomStringConvertible {
    case `true`, `false`, null

    /// The literal that starts with `letter`, which must be a valid first letter.
    init(firstLetter letter: UInt8) {
        self = letter == UInt8(ascii: "t") ? .true : letter == UInt8(ascii: "f") ? .false : .null
    }

    package var description: String {
        switch self {
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }

    /// The number of letters.
    var length: Int { self == .false ? 5 : 4 }

    /// The letter at `index`, which must be less than `length`.
    func letter(_ index: Int) -> UInt8 {
        // The letters as one integer, first letter lowest: an array would be allocated on the heap.
        let word: UInt64 =
            switch self {
            case .true: 0x65_75_72_74
            case .false: 0x65_73_6C_61_66
            case .null: 0x6C_6C_75_6E
            }
        return UInt8(truncatingIfNeeded: word >> UInt64(8 * index))
    }
}

/// Strings, numbers and literals.
extension JSONScanner {
    // MARK: - Strings (RFC 8259, section 7)

    mutating func scanString(_ bytes: RawSpan, at offset: inout Int) -> Event? {
        switch state {
        case .escape: scanEscape(bytes[offset], at: &offset)
        case .hexadecimal: scanHexadecimalDigit(bytes[offset], at: &offset)
        case .continuation: scanContinuation(bytes[offset], at: &offset)
        default: scanCharacters(bytes, at: &offset)
        }
    }

    private mutating func scanCharacters(_ bytes: RawSpan, at offset: inout Int) -> Event? {
        while offset < bytes.byteCount {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return stringEnded()
            case UInt8(ascii: "\\"):
                offset += 1
                state = .escape
                return nil
            case 0x20...0x7F:
                offset += 1
            case 0x80...0xFF:
                guard let (following, range) = Self.sequence(startedBy: byte) else {
                    return fail(.wellFormedUTF8, .byte(byte))
                }
                offset += 1
                count = following
                continuation = range
                state = .continuation
                return nil
            default:
                return fail(.stringCharacter, .byte(byte))
            }
        }
        return nil
    }

    /// The number of bytes after a UTF-8 lead byte, and the allowed values of the first of them, which
    /// exclude overlong forms, surrogates and values above U+10FFFF. Source: Unicode, table 3-7.
    private static func sequence(startedBy lead: UInt8) -> (following: Int, first: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (1, 0x80...0xBF)
        case 0xE0: (2, 0xA0...0xBF)
        case 0xED: (2, 0x80...0x9F)
        case 0xE1...0xEF: (2, 0x80...0xBF)
        case 0xF0: (3, 0x90...0xBF)
        case 0xF1...0xF3: (3, 0x80...0xBF)
        case 0xF4: (3, 0x80...0x8F)
        default: nil
        }
    }

    private mutating func scanContinuation(_ byte: UInt8, at offset: inout Int) -> Event? {
        guard continuation.contains(byte) else { return fail(.wellFormedUTF8, .byte(byte)) }
        offset += 1
        count -= 1
        continuation = 0x80...0xBF
        if count == 0 { state = .string }
        return nil
    }

    private mutating func scanEscape(_ byte: UInt8, at offset: inout Int) -> Event? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            state = .string
        case UInt8(ascii: "u"):
            state = .hexadecimal
            count = 4
        default:
            return fail(.escapeCharacter, .byte(byte))
        }
        offset += 1
        return nil
    }

    private mutating func scanHexadecimalDigit(_ byte: UInt8, at offset: inout Int) -> Event? {
        guard Hexadecimal.value(byte) != nil else { return fail(.hexadecimalDigit, .byte(byte)) }
        offset += 1
        count -= 1
        if count == 0 { state = .string }
        return nil
    }

    // MARK: - Numbers (RFC 8259, section 6)

    mutating func scanNumber(_ bytes: RawSpan, at offset: inout Int) -> Event? {
        while offset < bytes.byteCount {
            let byte = bytes[offset]
            guard let following = numberState(after: byte) else { return endNumber(before: byte) }
            state = following
            offset += 1
        }
        return nil
    }

    /// The state after `byte`; nil if it does not belong to the number.
    private func numberState(after byte: UInt8) -> State? {
        let isDigit = byte &- UInt8(ascii: "0") <= 9
        return switch state {
        case .minus: isDigit ? (byte == UInt8(ascii: "0") ? .zero : .integer) : nil
        case .integer where isDigit: .integer
        case .zero, .integer: byte == UInt8(ascii: ".") ? .point : Self.isExponent(byte) ? .exponent : nil
        case .point: isDigit ? .fraction : nil
        case .fraction: isDigit ? .fraction : Self.isExponent(byte) ? .exponent : nil
        case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): .exponentSign
        case .exponent, .exponentSign, .exponentDigits: isDigit ? .exponentDigits : nil
        default: nil
        }
    }

    private static func isExponent(_ byte: UInt8) -> Bool { byte | 0x20 == UInt8(ascii: "e") }

    private mutating func endNumber(before byte: UInt8) -> Event? {
        switch state {
        case .zero, .integer, .fraction, .exponentDigits:
            Self.endsScalar(byte) ? scalarEnded(before: byte) : fail(expectation, .byte(byte))
        default:
            fail(expectation, .byte(byte))
        }
    }

    /// Whether `byte` may follow a number or literal: white space, punctuation, a quote or RS.
    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, 0x1E, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "\""),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            true
        default: false
        }
    }

    // MARK: - Literals (RFC 8259, section 3)

    mutating func scanLiteral(_ bytes: RawSpan, at offset: inout Int) -> Event? {
        while offset < bytes.byteCount {
            let byte = bytes[offset]
            if count == literal.length {
                return Self.endsScalar(byte) ? scalarEnded(before: byte) : fail(expectation, .byte(byte))
            }
            guard byte == literal.letter(count) else { return fail(expectation, .byte(byte)) }
            count += 1
            offset += 1
        }
        return nil
    }
}
