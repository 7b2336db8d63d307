/// The option parser's message about an invalid value, extended by what would be valid.
enum InvalidValue {
    /// By the value's name in `--help`.
    private static let expectations = [
        "size": ByteSize.expectation, "time": TimeSpan.expectation, "n": "a whole number",
        "level": "a whole number",
    ]

    /// Turns `The value '5X' is invalid for '--memory <size>'` into a message of the toolkit's form; leaves all other
    /// messages, and those that say more, as they are.
    static func explained(_ message: String) -> String {
        let (head, middle, end) = ("The value '", "' is invalid for '", ">'")
        guard message.hasPrefix(head), message.hasSuffix(end), let place = message.lastRange(of: middle)
        else { return message }
        let value = message[..<place.lowerBound].dropFirst(head.count)
        let option = message[place.upperBound...].dropLast(end.count).split(separator: " <")
        guard option.count == 2, let expectation = expectations[String(option[1])] else { return message }
        return "\(option[0]): '\(value)' is not \(expectation)"
    }
}

extension String {
    /// Where `text` stands last.
    fileprivate func lastRange(of text: String) -> Range<Index>? {
        var index = endIndex
        while index > startIndex {
            index = self.index(before: index)
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
        }
        return nil
    }
}
