/// Messages for people: `tool: context: message` on standard error, one line each.
package struct Diagnostics: Sendable {
    /// The name every message starts with.
    package let tool: String

    package init(tool: String) { self.tool = tool }

    /// Writes one line. Control characters are escaped, so that neither a key nor a server's words can
    /// move the cursor or forge a second line. A message that cannot be written is lost: there is no
    /// other place to say so.
    package func report(_ message: String) {
        let line = tool + ": " + Self.printable(message.utf8) + "\n"
        try? writeAll(line, to: STDERR_FILENO, name: "standard error")
    }

    /// `bytes` as text of one line: control characters as `\n` or `\x1B`, bytes that are not UTF-8 as `\xFF`.
    ///
    /// - Parameter escapesBackslashes: a backslash is doubled, so that it is none of these escapes.
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
                text += "\\x" + hexadecimal(UInt32(rest.removeFirst()))
            }
        }
        return text
    }

    /// The first bytes of what somebody has written, as a message shows them.
    package static func excerpt(_ text: some Collection<UInt8>, limit: Int = 40) -> String {
        let start = text.prefix(limit)
        guard start.count < text.count else { return printable(start) }
        // No character is cut in two.
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
                ? "\\x" + hexadecimal(scalar.value) : "\\u{" + hexadecimal(scalar.value) + "}"
        }
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return digits.count < 2 ? "0" + digits : digits
    }
}
