import ByteIO

/// A syntax error: what was expected at a position, and what was found there.
package struct JSONSyntaxError: Error, Equatable, Sendable {
    /// What RFC 8259, or a limit, allows.
    package enum Expectation: Equatable, Sendable {
        /// A value at the top level.
        case text
        /// A value in an array or object.
        case value
        case valueOrArrayEnd
        case memberName
        case memberNameOrObjectEnd
        case colon
        case commaOrArrayEnd
        case commaOrObjectEnd
        case stringCharacter
        case escapeCharacter
        case hexadecimalDigit
        case wellFormedUTF8
        case digit
        case digitOrSign
        case fractionOrEnd
        case integerOrEnd
        case fractionDigitOrEnd
        case exponentDigitOrEnd
        case literal(Literal, isComplete: Bool)
        case whiteSpaceInFramedInput
        /// A value at the top level, with one value per line.
        case textOfLines
        /// The end of the line after its value.
        case lineEnd
        case nesting(atMost: Int)
        case length(atMost: Int)
    }

    /// What was found instead.
    package enum Found: Equatable, Sendable {
        case byte(UInt8)
        case endOfInput
        /// The end of a line that must hold a complete value.
        case endOfLine
        /// More bytes than a limit allows.
        case more
        /// An input that is not JSON from its first byte on.
        case encoding(ForeignEncoding)
        /// U+FEFF after the start of the input.
        case byteOrderMark
    }

    package let expected: Expectation
    package let found: Found

    package init(expected: Expectation, found: Found) {
        self.expected = expected
        self.found = found
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    /// `expected X, found Y`, one line, control characters escaped.
    package var description: String { "expected \(expected), found \(found)\(hint)" }

    private var hint: String {
        switch (expected, found) {
        case (.text, .byte(UInt8(ascii: ","))):
            " (values are separated by white space or nothing; --unwrap needs the brackets of the array)"
        case (.lineEnd, _): " (--lines)"
        case (.nesting, _): " (--max-depth)"
        case (.length, _): " (--max-value)"
        case (.whiteSpaceInFramedInput, _), (.textOfLines, _): ""
        case (.stringCharacter, .byte(0x0A)): " (in a string a line break is written \\n)"
        case (.stringCharacter, .byte(0x09)): " (in a string a TAB is written \\t)"
        case (_, .byte(0x1E)): ", which means that the text before it is truncated"
        default: ""
        }
    }
}

extension JSONSyntaxError.Expectation: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text, .value: "a value"
        case .valueOrArrayEnd: "a value or ']'"
        case .memberName: "a member name"
        case .memberNameOrObjectEnd: "a member name or '}'"
        case .colon: "':'"
        case .commaOrArrayEnd: "',' or ']'"
        case .commaOrObjectEnd: "',' or '}'"
        case .stringCharacter: "a string character or '\"'"
        case .escapeCharacter: "one of \" \\ / b f n r t u after a backslash"
        case .hexadecimalDigit: "four hexadecimal digits after \\u"
        case .wellFormedUTF8: "well-formed UTF-8"
        case .digit: "a digit"
        case .digitOrSign: "a digit, '+' or '-'"
        case .fractionOrEnd: "'.', an exponent or the number's end"
        case .integerOrEnd: "a digit, '.', an exponent or the number's end"
        case .fractionDigitOrEnd: "a digit, an exponent or the number's end"
        case .exponentDigitOrEnd: "a digit or the number's end"
        case .literal(let word, let isComplete): isComplete ? "the end of '\(word)'" : "'\(word)'"
        case .whiteSpaceInFramedInput:
            "white space, without which a number or literal in RS-framed input is truncated"
        case .textOfLines: "a line with one value (--lines)"
        case .lineEnd: "the end of the line, after its value"
        case .nesting(let limit): "at most \(limit) levels of nesting"
        case .length(let limit): "at most \(limit) bytes in a value"
        }
    }
}

extension JSONSyntaxError.Found: CustomStringConvertible {
    package var description: String {
        switch self {
        case .endOfInput: "the end of the input"
        case .endOfLine: "the end of the line (--lines)"
        case .more: "more"
        case .encoding(let encoding): "\(encoding)"
        case .byteOrderMark:
            "a byte order mark, which is allowed only at the start of an input; pass joined files as separate operands"
        case .byte(0x1E): "RS (0x1E)"
        case .byte(let byte) where byte >= 0x80: "byte " + Diagnostics.printable([byte])
        case .byte(let byte): "'" + Diagnostics.printable([byte]) + "'"
        }
    }
}
