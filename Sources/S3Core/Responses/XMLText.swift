/// Builds an XML document for a request.
struct XMLText {
    private static let namespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

    private var bytes: [UInt8] = []

    /// Returns the document with the root element `root`.
    static func document(_ root: String, _ content: (inout XMLText) -> Void) -> [UInt8] {
        var text = XMLText()
        text.bytes += "<\(root)\(namespace)>".utf8
        content(&text)
        text.bytes += "</\(root)>".utf8
        return text.bytes
    }

    /// Adds an element with child elements.
    mutating func element(_ name: StaticString, _ content: (inout XMLText) -> Void) {
        open(name)
        content(&self)
        close(name)
    }

    /// Adds an element with text, which is escaped.
    mutating func element(_ name: StaticString, _ value: [UInt8]) {
        open(name)
        XMLElement.append(escaped: value, to: &bytes)
        close(name)
    }

    /// Adds an element with text; the name is not a constant.
    mutating func element(named name: String, _ value: [UInt8]) {
        bytes += "<\(name)>".utf8
        XMLElement.append(escaped: value, to: &bytes)
        bytes += "</\(name)>".utf8
    }

    private mutating func open(_ name: StaticString) { tag("<", name) }
    private mutating func close(_ name: StaticString) { tag("</", name) }

    private mutating func tag(_ start: StaticString, _ name: StaticString) {
        start.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: ">"))
    }
}
