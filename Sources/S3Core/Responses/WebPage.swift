import HTTPTransfer

/// A response that is not from S3: the page of a web server or proxy.
package struct WebPage {
    /// Its title or the start of its text; empty if it has neither.
    private let title: String

    private static let longestTitle = 100

    /// Nil if the response has no body or shows a sign of S3.
    package init?(_ response: S3Response) {
        guard !response.body.isEmpty, response.head.value("x-amz-request-id") == nil else { return nil }
        title = Self.title(response.body) ?? Self.beginning(response.body) ?? ""
    }

    /// The text for messages: `not from S3, it says '403 Forbidden'`.
    package var description: String { "not from S3" + (title.isEmpty ? "" : ", it says '\(title)'") }

    /// The text of the `<title>` element, whose name may be in any case.
    private static func title(_ body: [UInt8]) -> String? {
        let lower = body.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard let start = RedactionReading.first([UInt8]("<title>".utf8), in: lower[...]) else { return nil }
        let text = body[(start + 7)...]
        let end = text.firstIndex(of: UInt8(ascii: "<")) ?? text.endIndex
        return line(text[..<end])
    }

    /// The first line of plain text.
    private static func beginning(_ body: [UInt8]) -> String? {
        guard let text = line(body[...]), text.utf8.first != UInt8(ascii: "<") else { return nil }
        return text
    }

    /// The words of `text` up to a length, separated by single spaces; nil if there are none.
    private static func line(_ text: ArraySlice<UInt8>) -> String? {
        let words = text.prefix(4 * longestTitle).split { $0 <= 0x20 }
        let joined = Array(words.joined(separator: [0x20]).prefix(longestTitle))
        guard !joined.isEmpty else { return nil }
        return String(decoding: joined, as: UTF8.self) + (joined.count == longestTitle ? "..." : "")
    }
}
