import ByteIO
import CExpat

/// Reads an XML answer from its start to its end, and tells a subclass what it meets.
///
/// Answers of S3 are small and flat; what could make one large or slow to read, a document type, deep
/// nesting, many elements, is refused. Source: Expat's reference, expat.h.
@safe class XMLReader {
    private let parser: XML_Parser?
    /// How many elements are open.
    private(set) final var depth = 0
    private var elements = 0

    private static let maximumDepth = 16
    /// A page of a list has some fifteen for each of its thousand keys.
    private static let maximumElements = 100_000

    init() {
        unsafe parser = XML_ParserCreate(nil)
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { context, name, _ in unsafe XMLReader.from(context)?.began(name) },
            { context, _ in unsafe XMLReader.from(context)?.ended() })
        unsafe XML_SetCharacterDataHandler(parser) { context, bytes, count in
            unsafe XMLReader.from(context)?.text(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        }
        // A document type could define entities; S3 sends none.
        unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
            unsafe XMLReader.from(context)?.stop()
        }
    }

    deinit { unsafe XML_ParserFree(parser) }

    /// - Returns: false if `document` is not well-formed, not whole, or holds what is refused.
    final func read(_ document: [UInt8]) -> Bool {
        let status = unsafe document.withUnsafeBytes { bytes in
            unsafe XML_Parse(
                parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(clamping: bytes.count), 1
            )
        }
        return status == XML_STATUS_OK
    }

    // What a subclass makes of it.

    /// An element begins, and counts in `depth`. Its name has no namespace prefix.
    func begin(_ name: UnsafePointer<CChar>) {}
    /// The innermost open element has some text.
    func text(_ bytes: UnsafeRawBufferPointer) {}
    /// The innermost open element ends; it still counts in `depth`.
    func end() {}

    private static func from(_ context: UnsafeMutableRawPointer?) -> XMLReader? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<XMLReader>.fromOpaque(context).takeUnretainedValue()
    }

    private func began(_ name: UnsafePointer<CChar>?) {
        elements += 1
        depth += 1
        guard let name = unsafe name, depth <= Self.maximumDepth, elements <= Self.maximumElements else {
            return stop()
        }
        unsafe begin(Self.localName(name))
    }

    private static func localName(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar> {
        guard let colon = unsafe strrchr(name, 0x3A) else { return unsafe name }
        return unsafe UnsafePointer(colon) + 1
    }

    private func ended() {
        end()
        depth -= 1
    }

    private func stop() { unsafe XML_StopParser(parser, XML_Bool(XML_FALSE)) }
}
