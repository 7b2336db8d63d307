import ByteIO

/// The state of a number after its first byte. Source: RFC 8259, section 6.
enum NumberToken: JSONToken.Scalar, Sendable {
    case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits

    var isComplete: Bool {
        switch self {
        case .zero, .integer, .fraction, .exponentDigits: true
        case .minus, .point, .exponent, .exponentSign: false
        }
    }

    var expectation: JSONSyntaxError.Expectation {
        switch self {
        case .minus, .point, .exponentSign: .digit
        case .exponent: .digitOrSign
        case .zero: .fractionOrEnd
        case .integer: .integerOrEnd
        case .fraction: .fractionDigitOrEnd
        case .exponentDigits: .exponentDigitOrEnd
        }
    }

    mutating func scan(_ bytes: RawSpan, at offset: inout Int) -> JSONToken.End {
        while true {
            let isComplete = isComplete
            if isComplete, self != .zero {
                // More digits do not change the state.
                while offset < bytes.byteCount, Self.isDigit(bytes[offset]) { offset += 1 }
            }
            guard offset < bytes.byteCount else { return .needsBytes }
            let byte = bytes[offset]
            if isComplete, JSONToken.endsScalar(byte) { return .ended }
            guard let following = following(byte) else { return .failed }
            self = following
            offset += 1
        }
    }

    /// The state after `byte`; nil if it does not belong to the number.
    private func following(_ byte: UInt8) -> NumberToken? {
        let isDigit = Self.isDigit(byte)
        return switch self {
        case .minus: isDigit ? (byte == UInt8(ascii: "0") ? .zero : .integer) : nil
        case .integer where isDigit: .integer
        case .zero, .integer: byte == UInt8(ascii: ".") ? .point : Self.isExponent(byte) ? .exponent : nil
        case .point: isDigit ? .fraction : nil
        case .fraction: isDigit ? .fraction : Self.isExponent(byte) ? .exponent : nil
        case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): .exponentSign
        case .exponent, .exponentSign, .exponentDigits: isDigit ? .exponentDigits : nil
        }
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    private static func isExponent(_ byte: UInt8) -> Bool { byte | 0x20 == UInt8(ascii: "e") }
}
