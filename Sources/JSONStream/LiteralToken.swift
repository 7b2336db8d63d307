import ByteIO

/// The three literal names. Source: RFC 8259, section 3.
package enum Literal: Sendable, CustomStringConvertible {
    case `true`, `false`, null

    package var description: String {
        switch self {
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }

    /// Its letters from the second to the last, the second in the lowest byte: an array would be allocated.
    fileprivate var lettersAfterFirst: UInt64 {
        switch self {
        case .true: 0x65_75_72
        case .false: 0x65_73_6C_61
        case .null: 0x6C_6C_75
        }
    }
}

/// A literal after its first letter.
struct LiteralToken: JSONToken.Scalar, Equatable, Sendable {
    let literal: Literal
    /// The letters that are still missing, the next one in the lowest byte.
    private var missing: UInt64

    init(_ literal: Literal) {
        self.literal = literal
        missing = literal.lettersAfterFirst
    }

    var isComplete: Bool { missing == 0 }

    var expectation: JSONSyntaxError.Expectation { .literal(literal, isComplete: isComplete) }

    mutating func scan(_ bytes: RawSpan, at offset: inout Int) -> JSONToken.End {
        while offset < bytes.byteCount {
            let byte = bytes[offset]
            if isComplete { return JSONToken.endsScalar(byte) ? .ended : .failed }
            guard byte == UInt8(truncatingIfNeeded: missing) else { return .failed }
            missing >>= 8
            offset += 1
        }
        return .needsBytes
    }
}
