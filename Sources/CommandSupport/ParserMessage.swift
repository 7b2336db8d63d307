import ByteIO

/// Rewrites the option parser's messages about invalid and missing values, and says what would be valid.
enum ParserMessage {
    /// The expectation for each value name in `--help`.
    private static let expectations = [
        "size": ByteSize.expectation, "time": TimeSpan.expectation,
    ]

    /// The expectation for each operand name in `--help`.
    private static let operands = [
        "location": "LOCATION is missing: s3://BUCKET[/PREFIX]",
        "template": "TEMPLATE is missing, such as 'logs/{now:%Y-%m-%d}/{uuid}'",
    ]

    /// Rewrites the parser's messages in the toolkit's form, and leaves others unchanged:
    ///
    ///     The value '5X' is invalid for '--memory <size>'           --memory: '5X' is not a number of bytes: ...
    ///     The value 'x' is invalid for '--shard <i/n>': expected I  --shard: 'x': expected I
    ///     The value 'x' is invalid for '--sse <s>'. Please provide  --sse: 'x' is not one of a, b
    ///         one of 'a' or 'b'.
    ///     Missing expected argument '<location>'                    LOCATION is missing: ...
    ///     Unexpected argument 'x'                                   Unexpected argument 'x'; ...
    ///
    /// Long values are shortened.
    ///
    /// - Parameters:
    ///   - swallowed: what a message says about a location that became the value of an option.
    ///   - operandsHint: what a message adds about too many operands.
    static func reworded(
        _ message: String, swallowed: String? = nil, operandsHint: String = ""
    ) -> String {
        if message.hasPrefix("Unexpected argument '") || message.contains(" unexpected arguments: ") {
            return message + operandsHint
        }
        // The operand after the swallowed location is taken for the location.
        let notLocation = "' is not a location: expected s3://BUCKET[/PREFIX]"
        if let swallowed, let place = message.lastRange(of: notLocation) {
            return "\(message[..<place.upperBound])\(swallowed)"
        }
        if message.hasPrefix("Missing expected argument '<") {
            let name = message.drop { $0 != "<" }.dropFirst().prefix { $0 != " " && $0 != ">" }
            return (operands[String(name)] ?? message) + (name == "location" ? swallowed ?? "" : "")
        }
        let (head, middle) = ("The value '", "' is invalid for '")
        guard message.hasPrefix(head), let place = message.lastRange(of: middle) else { return message }
        let value = Diagnostics.excerpt(message[..<place.lowerBound].dropFirst(head.count).utf8)
        let option = message[place.upperBound...].prefix { $0 != " " && $0 != "'" }
        let rest = message[place.upperBound...].drop { $0 != "'" }.dropFirst()
        if rest.hasPrefix(": ") { return "\(option): '\(value)'\(rest)" }
        if rest.hasPrefix(". Please provide one of ") {
            let choices = rest.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            return "\(option): '\(value)' is not one of \(choices.joined(separator: ", "))"
        }
        let name = message[place.upperBound...].drop { $0 != "<" }.dropFirst().prefix { $0 != ">" }
        guard rest.isEmpty, let expectation = expectations[String(name)] else { return message }
        return "\(option): '\(value)' is not \(expectation)"
    }
}

extension String {
    /// The last occurrence of `text`.
    fileprivate func lastRange(of text: String) -> Range<Index>? {
        var index = endIndex
        while index > startIndex {
            index = self.index(before: index)
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
        }
        return nil
    }
}
