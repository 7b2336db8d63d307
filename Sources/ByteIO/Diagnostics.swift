/// Writes messages for users: `tool: context: message` on standard error, one line each.
package struct Diagnostics: Sendable {
    /// The tool's name, which starts every message.
    package let tool: String

    package init(tool: String) { self.tool = tool }

    /// Writes one line. Control characters are escaped, so that keys and server messages cannot move the
    /// cursor or forge a second line. Errors are ignored: there is no other place to report them.
    package func report(_ message: String) {
        let line = tool + ": " + Self.printable(message.utf8) + "\n"
        try? writeAll(line, to: STDERR_FILENO, name: "standard error")
    }

    /// `bytes` as one line of text: control characters become `\n` or `\x1B`, bytes that are not UTF-8 become
    /// `\xFF`.
    ///
    /// - Parameter escapesBackslashes: whether backslashes are doubled, to distinguish them from these
    ///   escapes.
    package static func printable(_ bytes: some Sequence<UInt8>, escapesBackslashes: Bool = false) -> String {
        var text = ""
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            var decoder = UTF8()
            var iterator = rest.makeIterator()
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                text += isControl(scalar) ? escaped(scalar) : String(scalar)
                if escapesBackslashes, scalar == "\\" { text += "\\" }
                rest = rest.dropFirst(UTF8.width(scalar))
            case .emptyInput, .error:
                text += "\\x" + Hexadecimal.upperCaseText(UInt32(rest.removeFirst()))
            }
        }
        return text
    }

    /// The start of a user's text for a message.
    package static func excerpt(_ text: some Collection<UInt8>, limit: Int = 40) -> String {
        let start = text.prefix(limit)
        guard start.count < text.count else { return printable(start) }
        // Includes the rest of the last UTF-8 character.
        let rest = text.dropFirst(start.count).prefix(3).prefix { $0 & 0xC0 == 0x80 }
        return printable(Array(start) + rest) + "..."
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default:
            scalar.value < 0x100
                ? "\\x" + Hexadecimal.upperCaseText(scalar.value)
                : "\\u{" + Hexadecimal.upperCaseText(scalar.value) + "}"
        }
    }
}
