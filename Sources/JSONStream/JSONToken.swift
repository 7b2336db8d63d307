/// The common parts of the token grammar of RFC 8259.
///
/// `StringToken`, `NumberToken` and `LiteralToken` define the grammar of each token as a state machine that can stop
/// and resume at any byte. `JSONScanner` stores their states between calls; `FieldLookup` runs them over a whole text.
enum JSONToken {
    /// The result of a scan.
    enum End {
        /// All bytes belong to the token, which may continue.
        case needsBytes
        /// The token is complete: the closing quote of a string was read, or the next byte does not belong to the
        /// number or literal.
        case ended
        /// The next byte is not allowed.
        case failed
    }

    /// The kind of a value, by its first byte.
    enum Start {
        case object, array, string
        case number(NumberToken)
        case literal(LiteralToken)

        /// Nil if the byte starts no value.
        @inline(__always)
        init?(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "{"): self = .object
            case UInt8(ascii: "["): self = .array
            case UInt8(ascii: "\""): self = .string
            case UInt8(ascii: "-"): self = .number(.minus)
            case UInt8(ascii: "0"): self = .number(.zero)
            case UInt8(ascii: "1")...UInt8(ascii: "9"): self = .number(.integer)
            case UInt8(ascii: "t"): self = .literal(LiteralToken(.true))
            case UInt8(ascii: "f"): self = .literal(LiteralToken(.false))
            case UInt8(ascii: "n"): self = .literal(LiteralToken(.null))
            default: return nil
            }
        }
    }

    /// A number or literal after its first byte: a state machine that can stop at any byte.
    protocol Scalar {
        /// Whether it may end here.
        var isComplete: Bool { get }
        /// What is allowed here.
        var expectation: JSONSyntaxError.Expectation { get }
        /// Reads `bytes` from `offset`, and moves `offset` past the bytes that belong to the token.
        mutating func scan(_ bytes: RawSpan, at offset: inout Int) -> End
    }

    /// Whether `byte` is white space. Source: RFC 8259, section 2.
    @inline(__always)
    static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09)
    }

    /// Whether `byte` may follow a number or literal: white space, punctuation, a quote or RS.
    static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, 0x1E, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "\""),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            true
        default: false
        }
    }
}
