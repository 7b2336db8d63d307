import ByteIO

/// Why a text is not a template, and where.
package struct TemplateError: Error, Equatable, Sendable {
    /// Where, in bytes from the template's start.
    package let offset: Int
    /// What is wrong: `unknown field 'nss'`.
    package let reason: String

    package init(_ offset: Int, _ reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// Two lines: the template, and below it a mark at the place.
    package func marked(in template: [UInt8]) -> String {
        let before = Diagnostics.printable(template.prefix(offset))
        let marker = String(repeating: " ", count: before.count) + "^"
        return Diagnostics.printable(template) + "\n" + marker
    }
}
