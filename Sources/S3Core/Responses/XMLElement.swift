import ByteIO

/// One element of an XML response: its name, its own text and its children.
///
/// S3's documents are small and flat, so the tree is simple. `XMLReader` limits what is accepted.
package struct XMLElement: Sendable {
    /// The name without its namespace prefix.
    package let name: String
    /// The element's own text, without that of children.
    package private(set) var text: [UInt8] = []
    package private(set) var children: [XMLElement] = []

    fileprivate init(name: String) { self.name = name }

    /// The root of `document`; nil if the document is malformed, incomplete or refused by `XMLReader`.
    package init?(parsing document: [UInt8]) {
        let reader = XMLTreeReader()
        guard reader.read(document), let root = reader.root else { return nil }
        self = root
    }

    /// Source: XML 1.0, 2.3.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// The first child called `name`.
    package func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The bytes of the first child called `name`.
    package func value(_ name: String) -> [UInt8]? { children.first { $0.name == name }?.text }

    /// The text of the first child called `name`.
    package func text(_ name: String) -> String? { value(name).map { String(decoding: $0, as: UTF8.self) } }

    /// Appends `bytes`, escaped as an element's text.
    static func append(escaped bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "&"): text += "&amp;".utf8
            case UInt8(ascii: "<"): text += "&lt;".utf8
            case UInt8(ascii: ">"): text += "&gt;".utf8
            default: text.append(byte)
            }
        }
    }

    fileprivate mutating func append(_ bytes: RawSpan) { text += bytes.array }
    fileprivate mutating func append(_ child: XMLElement) {
        children.append(child)
    }
}

private final class XMLTreeReader: XMLReader {
    private var open: [XMLElement] = []
    private(set) var root: XMLElement?

    override init() {
        super.init()
        readsText = true
    }

    override func begin(_ name: UnsafePointer<CChar>) {
        open.append(XMLElement(name: unsafe String(cString: name)))
    }

    override func end() {
        guard let element = open.popLast() else { return }
        if open.isEmpty { root = element } else { open[open.count - 1].append(element) }
    }

    override func text(_ bytes: RawSpan) {
        guard !open.isEmpty else { return }
        open[open.count - 1].append(bytes)
    }
}
