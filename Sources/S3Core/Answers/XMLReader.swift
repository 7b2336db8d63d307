import ByteIO
import CExpat

/// Expat, as `expat/VERSION`. Source: expat.h, XML_ExpatVersionInfo.
package var xmlLibrary: String {
    let version = XML_ExpatVersionInfo()
    return "expat/\(version.major).\(version.minor).\(version.micro)"
}

/// Reads an XML answer from its start to its end, and tells a subclass what it meets.
///
/// Answers of S3 are small and flat; what could make one large or slow to read, a document type, deep
/// nesting, many elements, is refused. Source: Expat's reference, expat.h.
@safe class XMLReader {
    private let parser: XML_Parser?
    /// How many elements are open.
    private(set) final var depth = 0
    private var elements = 0
    /// Whether text is read from here on, until this is set otherwise.
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
    /// A page of a list has some fifteen for each of its thousand keys.
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

    /// White space before the document is skipped: services send it to keep a connection alive until they know
    /// the answer, and XML allows none before its declaration.
    ///
    /// - Returns: false if `document` is not well-formed, not whole, or holds what is refused.
    final func read(_ document: [UInt8]) -> Bool {
        feed(document[Self.start(of: document)...], isLast: true)
    }

    /// Where a document begins.
    static func start(of document: [UInt8]) -> Int {
        document.firstIndex { !XMLElement.isSpace($0) } ?? document.count
    }

    /// Reads a piece of a document, which comes after those that were read before.
    ///
    /// - Returns: false if that is wrong already.
    final func feed(_ piece: ArraySlice<UInt8>, isLast: Bool) -> Bool {
        let status = unsafe piece.withUnsafeBytes { bytes in
            unsafe XML_Parse(
                parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(clamping: bytes.count),
                isLast ? 1 : 0)
        }
        return status == XML_STATUS_OK
    }

    /// Within `end`: how many bytes were fed up to the end of the element.
    final var endOfElement: Int {
        unsafe Int(XML_GetCurrentByteIndex(parser)) + Int(XML_GetCurrentByteCount(parser))
    }

    /// How many more elements there may be.
    final var elementsLeft: Int { Self.maximumElements - elements }

    /// So many elements were read in another way.
    final func count(elements more: Int) { elements += more }

    // What a subclass makes of it.

    /// An element begins, and counts in `depth`. Its name has no namespace prefix.
    func begin(_ name: UnsafePointer<CChar>) {}
    /// The innermost open element has some text; only called while `readsText`.
    func text(_ bytes: RawSpan) {}
    /// The innermost open element ends; it still counts in `depth`.
    func end() {}

    /// Expat calls back several times an element; anyone who called `read` keeps the reader meanwhile.
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
