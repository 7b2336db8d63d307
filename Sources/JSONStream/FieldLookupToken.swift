import ByteIO

/// Scans the tokens of a JSON text and checks them against the grammar of RFC 8259. Every function takes the
/// offset of a token's first byte and moves it past the token.
enum JSONToken {
    typealias Malformed = FieldLookup.Malformed

    /// The type of a scalar token.
    enum Kind {
        case null, `true`, `false`, number, object, array
        case plainString, escapedString

        /// The value of a token at `range`.
        func value(_ range: Range<Int>) -> FieldValue {
            switch self {
            case .null: FieldValue(kind: .null, range: range)
            case .true: FieldValue(kind: .true, range: range)
            case .false: FieldValue(kind: .false, range: range)
            case .number: FieldValue(kind: .number, range: range)
            case .object: FieldValue(kind: .object)
            case .array: FieldValue(kind: .array)
            case .plainString: FieldValue(kind: .string, range: range.lowerBound + 1..<range.upperBound - 1)
            case .escapedString:
                FieldValue(
                    kind: .string, range: range.lowerBound + 1..<range.upperBound - 1, hasEscapes: true)
            }
        }
    }

    /// The byte at `offset`, or 0 at the end of the text; no token contains 0.
    @inline(__always)
    static func byte(_ text: RawSpan, _ offset: Int) -> UInt8 {
        guard offset < text.byteCount else { return 0 }
        return unsafe text.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// Moves `offset` past white space and returns the byte there; 0 at the end of the text.
    @inline(__always)
    static func next(_ text: RawSpan, _ offset: inout Int) -> UInt8 {
        while true {
            let byte = byte(text, offset)
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                return byte
            }
            offset += 1
        }
    }

    /// Scans a string, number or literal that starts with `first`.
    @inline(__always)
    static func scalar(_ text: RawSpan, _ first: UInt8, _ offset: inout Int) throws(Malformed) -> Kind {
        switch first {
        case UInt8(ascii: "\""):
            offset += 1
            return try string(text, &offset) ? .escapedString : .plainString
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try number(text, &offset)
            return .number
        case UInt8(ascii: "t"):
            try literal("true", text, &offset)
            return .true
        case UInt8(ascii: "f"):
            try literal("false", text, &offset)
            return .false
        case UInt8(ascii: "n"):
            try literal("null", text, &offset)
            return .null
        default:
            throw Malformed(offset: offset, expected: .value)
        }
    }

    private static func literal(_ word: StaticString, _ text: RawSpan, _ offset: inout Int) throws(Malformed)
    {
        for index in 0..<word.utf8CodeUnitCount {
            let letter = unsafe word.utf8Start[index]
            guard byte(text, offset + index) == letter else {
                throw Malformed(offset: offset, expected: .value)
            }
        }
        offset += word.utf8CodeUnitCount
    }

    // MARK: - Numbers

    private static func number(_ text: RawSpan, _ offset: inout Int) throws(Malformed) {
        if text[offset] == UInt8(ascii: "-") { offset += 1 }
        if byte(text, offset) == UInt8(ascii: "0") {
            offset += 1
        } else {
            try digits(text, &offset)
        }
        if byte(text, offset) == UInt8(ascii: ".") {
            offset += 1
            try digits(text, &offset)
        }
        if byte(text, offset) | 0x20 == UInt8(ascii: "e") {
            offset += 1
            let sign = byte(text, offset)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            try digits(text, &offset)
        }
    }

    @inline(__always)
    private static func digits(_ text: RawSpan, _ offset: inout Int) throws(Malformed) {
        guard byte(text, offset) &- UInt8(ascii: "0") < 10 else {
            throw Malformed(offset: offset, expected: .digit)
        }
        repeat { offset += 1 } while byte(text, offset) &- UInt8(ascii: "0") < 10
    }

    // MARK: - Strings

    /// Scans a string from the byte after its opening quote.
    ///
    /// - Returns: whether the string contains escapes.
    @inline(__always)
    static func string(_ text: RawSpan, _ offset: inout Int) throws(Malformed) -> Bool {
        skipPlain(text, &offset)
        guard byte(text, offset) == UInt8(ascii: "\"") else {
            try restOfString(text, &offset)
            return true
        }
        offset += 1
        return false
    }

    /// Scans the rest of a string from an escape or an invalid byte.
    private static func restOfString(_ text: RawSpan, _ offset: inout Int) throws(Malformed) {
        while true {
            switch byte(text, offset) {
            case UInt8(ascii: "\""):
                offset += 1
                return
            case UInt8(ascii: "\\"):
                try escape(text, &offset)
            default:
                let isAtEnd = offset == text.byteCount
                throw Malformed(offset: offset, expected: isAtEnd ? .quote : .noControl)
            }
            skipPlain(text, &offset)
        }
    }

    /// Moves to the next quote, backslash or control character, or to the end of the text.
    @inline(__always)
    private static func skipPlain(_ text: RawSpan, _ offset: inout Int) {
        while offset + 8 <= text.byteCount {
            let word = unsafe text.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            let found = special(UInt64(littleEndian: word))
            if found != 0 {
                offset += found.trailingZeroBitCount / 8
                return
            }
            offset += 8
        }
        while offset < text.byteCount, !isSpecial(text[offset]) { offset += 1 }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Sets the high bit of each quote, backslash or control character, eight bytes at once.
    ///
    /// A subtraction only borrows from a marked byte, so the lowest mark is always correct; higher marks may
    /// be wrong.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let control = (word &- ones &* 0x20) & ~word
        return ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | control) & (ones &* 0x80)
    }

    private static func escape(_ text: RawSpan, _ offset: inout Int) throws(Malformed) {
        switch byte(text, offset + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u") where (2..<6).allSatisfy({ Hexadecimal.value(byte(text, offset + $0)) != nil }):
            offset += 6
        default:
            throw Malformed(offset: offset, expected: .escape)
        }
    }
}
