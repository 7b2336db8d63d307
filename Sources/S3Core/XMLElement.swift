import ByteIO
import CExpat

/// One element of an XML answer: its name, its own text and its children.
///
/// Answers of S3 are small and flat, so the tree is simple; what could make it large or slow, a document
/// type, deep nesting, many elements, is refused.
package struct XMLElement: Sendable {
    /// The name without its namespace prefix.
    package let name: String
    /// The text between the tags, not that of children.
    package private(set) var text: [UInt8] = []
    package private(set) var children: [XMLElement] = []

    fileprivate static let maximumDepth = 16
    /// A page of a list has some fifteen for each of its thousand keys.
    fileprivate static let maximumElements = 100_000

    fileprivate init(name: String) { self.name = name }

    /// The root of `document`, or nil if it is not well-formed, not whole, or holds what is refused.
    package init?(parsing document: [UInt8]) {
        guard let root = XMLBuilder().parse(document) else { return nil }
        self = root
    }

    /// The children called `name`, in order.
    package func all(_ name: String) -> some Sequence<XMLElement> { children.lazy.filter { $0.name == name } }

    /// The bytes of the first child called `name`.
    package func value(_ name: String) -> [UInt8]? { children.first { $0.name == name }?.text }

    /// The same as text.
    package func text(_ name: String) -> String? { value(name).map { String(decoding: $0, as: UTF8.self) } }

    fileprivate mutating func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe text.append(contentsOf: bytes)
    }
    fileprivate mutating func append(_ child: XMLElement) {
        // An object of a list has about six: growing there step by step is most of what reading it costs.
        if children.isEmpty { children.reserveCapacity(8) }
        children.append(child)
    }
}

/// Builds the tree from expat's events. Source: Expat's reference, expat.h.
@safe private final class XMLBuilder {
    private let parser: XML_Parser?
    private var open: [XMLElement] = []
    private var root: XMLElement?
    private var elements = 0

    init() {
        unsafe parser = XML_ParserCreate(nil)
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { context, name, _ in unsafe XMLBuilder.from(context)?.begin(name) },
            { context, _ in unsafe XMLBuilder.from(context)?.end() })
        unsafe XML_SetCharacterDataHandler(parser) { context, bytes, count in
            unsafe XMLBuilder.from(context)?.text(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        }
        // A document type could define entities; S3 sends none.
        unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
            unsafe XMLBuilder.from(context)?.stop()
        }
    }

    deinit { unsafe XML_ParserFree(parser) }

    func parse(_ document: [UInt8]) -> XMLElement? {
        let status = unsafe document.withUnsafeBytes { bytes in
            unsafe XML_Parse(
                parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(clamping: bytes.count), 1
            )
        }
        return status == XML_STATUS_OK ? root : nil
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> XMLBuilder? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<XMLBuilder>.fromOpaque(context).takeUnretainedValue()
    }

    private func begin(_ name: UnsafePointer<CChar>?) {
        elements += 1
        guard let name = unsafe name, open.count < XMLElement.maximumDepth,
            elements <= XMLElement.maximumElements
        else { return stop() }
        open.append(XMLElement(name: unsafe String(cString: Self.localName(name))))
    }

    /// `name` without its namespace prefix.
    private static func localName(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar> {
        guard let colon = unsafe strrchr(name, 0x3A) else { return unsafe name }
        return unsafe UnsafePointer(colon) + 1
    }

    private func end() {
        guard let element = open.popLast() else { return }
        if open.isEmpty { root = element } else { open[open.count - 1].append(element) }
    }

    private func text(_ bytes: UnsafeRawBufferPointer) {
        guard !open.isEmpty else { return }
        unsafe open[open.count - 1].append(bytes)
    }

    private func stop() { unsafe XML_StopParser(parser, XML_Bool(XML_FALSE)) }
}
