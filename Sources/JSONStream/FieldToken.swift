import ByteIO

/// Scans the tokens of a complete JSON text. Every function takes the offset of a token's first byte and moves it past
/// the token.
enum FieldToken {
    typealias Malformed = FieldLookup.Malformed

    /// The type of a token.
    enum Kind {
        case null, `true`, `false`, number, object, array
        case plainString, escapedString

        init(_ literal: Literal) {
            switch literal {
            case .null: self = .null
            case .true: self = .true
            case .false: self = .false
            }
        }

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
    private static func byte(_ text: RawSpan, _ offset: Int) -> UInt8 {
        guard offset < text.byteCount else { return 0 }
        return unsafe text.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// Moves `offset` past white space and returns the byte there; 0 at the end of the text.
    @inline(__always)
    static func next(_ text: RawSpan, _ offset: inout Int) -> UInt8 {
        while true {
            let byte = byte(text, offset)
            guard JSONToken.isWhiteSpace(byte) else { return byte }
            offset += 1
        }
    }

    /// Scans a string, number or literal that starts with `first`; nil if that starts none.
    @inline(__always)
    static func scalar(_ text: RawSpan, _ first: UInt8, _ offset: inout Int) throws(Malformed) -> Kind? {
        switch JSONToken.Start(first) {
        case .string:
            offset += 1
            return try string(text, &offset) ? .escapedString : .plainString
        case .number(let token):
            try finish(token, text, &offset)
            return .number
        case .literal(let token):
            try finish(token, text, &offset)
            return Kind(token.literal)
        case .object, .array, nil: return nil
        }
    }

    /// Scans a number or literal whose state after its first byte is `start`.
    private static func finish(
        _ start: some JSONToken.Scalar, _ text: RawSpan, _ offset: inout Int
    ) throws(Malformed) {
        var token = start
        offset += 1
        let end = token.scan(text, at: &offset)
        if end == .ended || end == .needsBytes && token.isComplete { return }
        throw Malformed(offset: offset, expected: token.expectation)
    }

    /// Scans a string from the byte after its opening quote. Bytes above 0x7F are not validated.
    ///
    /// - Returns: whether the string contains escapes.
    @inline(__always)
    static func string(_ text: RawSpan, _ offset: inout Int) throws(Malformed) -> Bool {
        StringToken.skipPlain(text, .anyBytes, at: &offset)
        guard byte(text, offset) == UInt8(ascii: "\"") else {
            try restOfString(text, &offset)
            return true
        }
        offset += 1
        return false
    }

    /// Scans the rest of a string from an escape or an invalid byte.
    private static func restOfString(_ text: RawSpan, _ offset: inout Int) throws(Malformed) {
        var token = StringToken.characters
        guard token.scan(text, .anyBytes, at: &offset) != .ended else { return }
        throw Malformed(offset: offset, expected: token.expectation(insteadOf: byte(text, offset)))
    }
}
