import ByteIO

/// Why a text is not a template, and where.
package struct TemplateError: Error, Equatable, Sendable {
    /// Where, in bytes from the template's start.
    package let offset: Int
    /// The reason: `unknown field 'nss'`.
    package let reason: String

    package init(_ offset: Int, _ reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// How many bytes before and after the error are shown.
    private static let surroundings = 100

    /// Two lines: the template, or the part of it around the error, and below it a mark at the error.
    package func marked(in template: [UInt8]) -> String {
        var start = max(0, offset - Self.surroundings)
        while start > 0, template[start] & 0xC0 == 0x80 { start -= 1 }
        let before = (start > 0 ? "..." : "") + Diagnostics.printable(template[start..<offset])
        let marker = String(repeating: " ", count: before.count) + "^"
        return before + Diagnostics.excerpt(template[offset...], limit: Self.surroundings) + "\n" + marker
    }
}
