import ByteIO
import CExpat

/// Expat's version, such as `expat/2.6.0`. Source: expat.h, XML_ExpatVersionInfo.
package var xmlLibrary: String {
    let version = XML_ExpatVersionInfo()
    return "expat/\(version.major).\(version.minor).\(version.micro)"
}

/// Parses an XML response and calls the methods of a subclass for its elements and text.
///
/// S3's documents are small and flat. A document type, deep nesting and too many elements are refused,
/// because they could make a document large or slow to parse. Source: Expat's reference, expat.h.
@safe class XMLReader {
    private let parser: XML_Parser?
    /// The number of open elements.
    private(set) final var depth = 0
    private var elements = 0
    /// Whether `text` is called.
    final var readsText = false {
        didSet {
            guard readsText != oldValue else { return }
            unsafe XML_SetCharacterDataHandler(parser, readsText ? Self.textHandler : nil)
        }
    }

    private static let textHandler: XML_CharacterDataHandler = { context, bytes, count in
        let text = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
        unsafe XMLReader.lend(context) { unsafe $0.text(RawSpan(_unsafeBytes: text)) }
    }

    private static let maximumDepth = 16
    /// A page of a listing has about fifteen for each of its thousand keys.
    private static let maximumElements = 100_000

    init() {
        guard let parser = unsafe XML_ParserCreate(nil) else { endForLackOfMemory() }
        unsafe self.parser = unsafe parser
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { context, name, _ in unsafe XMLReader.lend(context) { unsafe $0.began(name) } },
            { context, _ in unsafe XMLReader.lend(context) { $0.ended() } })
        // A document type could define entities; S3 sends none.
        unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
            unsafe XMLReader.lend(context) { $0.stop() }
        }
    }

    deinit { unsafe XML_ParserFree(parser) }

    /// Skips white space before the document: services send it to keep a connection alive until the result is
    /// known, and XML does not allow it before the declaration.
    ///
    /// - Returns: false if `document` is malformed, incomplete or refused.
    final func read(_ document: [UInt8]) -> Bool {
        feed(document[Self.start(of: document)...], isLast: true)
    }

    /// The offset after leading white space.
    static func start(of document: [UInt8]) -> Int {
        document.firstIndex { !XMLElement.isSpace($0) } ?? document.count
    }

    /// Parses the next piece of a document.
    ///
    /// - Returns: false if the document is malformed or refused.
    final func feed(_ piece: ArraySlice<UInt8>, isLast: Bool) -> Bool {
        let status = unsafe piece.withUnsafeBytes { bytes in
            unsafe XML_Parse(
                parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(clamping: bytes.count),
                isLast ? 1 : 0)
        }
        return status == XML_STATUS_OK
    }

    /// The offset of the end of the current element; valid only within `end`.
    final var endOfElement: Int {
        unsafe Int(XML_GetCurrentByteIndex(parser)) + Int(XML_GetCurrentByteCount(parser))
    }

    /// The number of elements that may still be read.
    final var elementsLeft: Int { Self.maximumElements - elements }

    /// Counts elements that were read in another way.
    final func count(elements more: Int) { elements += more }

    // Subclasses override these.

    /// An element starts; `depth` includes it. Its name has no namespace prefix.
    func begin(_ name: UnsafePointer<CChar>) {}
    /// The innermost open element has some text; only called while `readsText`.
    func text(_ bytes: RawSpan) {}
    /// The innermost open element ends; `depth` still includes it.
    func end() {}

    /// Calls `body` without retaining the reader: Expat calls back several times per element, and the caller
    /// of `read` keeps the reader alive.
    private static func lend(_ context: UnsafeMutableRawPointer?, _ body: (XMLReader) -> Void) {
        guard let context = unsafe context else { return }
        unsafe Unmanaged<XMLReader>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
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
