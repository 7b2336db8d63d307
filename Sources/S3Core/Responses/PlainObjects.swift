import ByteIO

/// Parses objects of a listing in the form that services usually write: consecutive `Contents` elements
/// without white space or attributes, whose children contain only short text.
///
///     <Contents><Key>a</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents><Contents>...
///
/// A page has a thousand of these, and a full XML parser takes ten times as long. Any other form is left to
/// the full parser.
struct PlainObjects {
    private let readsDetails: Bool
    /// The number of elements that may still be read.
    private(set) var elementsLeft: Int
    private(set) var objects: [ListObjectsV2.Object] = []
    /// The offset after the last object that was parsed.
    private(set) var end: Int

    /// - Parameters:
    ///   - start: the offset of a possible child of the root element.
    ///   - elementsLeft: the maximum number of elements to read.
    init(_ document: RawSpan, from start: Int, readsDetails: Bool, elementsLeft: Int) {
        self.readsDetails = readsDetails
        self.elementsLeft = elementsLeft
        end = start
        while let object = next(document) { objects.append(object) }
    }

    /// The fields of an object, as ranges of their text.
    private struct Fields {
        var key: Range<Int>?
        var size: Range<Int>?
        var etag: Range<Int>?
        var lastModified: Range<Int>?
    }

    private mutating func next(_ document: RawSpan) -> ListObjectsV2.Object? {
        guard var place = Self.after("<Contents>", in: document, at: end) else { return nil }
        var fields = Fields()
        var elements = 1
        while true {
            if let after = Self.after("</Contents>", in: document, at: place) {
                guard elements <= elementsLeft, let object = object(fields, document) else { return nil }
                elementsLeft -= elements
                end = after
                return object
            }
            guard let after = Self.element(document, at: place, &fields) else { return nil }
            place = after
            elements += 1
        }
    }

    /// Parses `<Name>text</Name>`.
    ///
    /// - Returns: the offset of its end; nil for anything else.
    private static func element(_ document: RawSpan, at start: Int, _ fields: inout Fields) -> Int? {
        guard start < document.byteCount, document[start] == UInt8(ascii: "<"),
            let nameEnd = document.firstIndex(of: UInt8(ascii: ">"), from: start + 1),
            let textEnd = document.firstIndex(of: UInt8(ascii: "<"), from: nameEnd + 1)
        else { return nil }
        let length = nameEnd - start - 1
        let after = textEnd + length + 3
        guard length > 0, after <= document.byteCount, document[textEnd + 1] == UInt8(ascii: "/"),
            document[after - 1] == UInt8(ascii: ">")
        else { return nil }
        let name = document.extracting(start + 1..<nameEnd)
        guard areEqual(name, document.extracting(textEnd + 2..<after - 1)) else { return nil }
        let text = nameEnd + 1..<textEnd
        if length == 4, Self.after("<ETag>", in: document, at: start) != nil {
            // Most services escape the quotes.
            let isEscaped = text.isEmpty ? false : document[text.lowerBound] == UInt8(ascii: "&")
            guard fields.etag == nil,
                isEscaped ? quoted(document, text) != nil : isPlain(document.extracting(text))
            else { return nil }
            fields.etag = text
            return after
        }
        guard isPlain(document.extracting(text)) else { return nil }
        if length == 3, Self.after("<Key>", in: document, at: start) != nil {
            guard fields.key == nil else { return nil }
            fields.key = text
        } else if length == 4, Self.after("<Size>", in: document, at: start) != nil {
            guard fields.size == nil else { return nil }
            fields.size = text
        } else if length == 12, Self.after("<LastModified>", in: document, at: start) != nil {
            guard fields.lastModified == nil else { return nil }
            fields.lastModified = text
        } else if !isName(name) {
            return nil
        }
        return after
    }

    /// True if both spans, which must have the same length, have the same bytes.
    private static func areEqual(_ one: RawSpan, _ other: RawSpan) -> Bool {
        unsafe one.withUnsafeBytes { one in
            unsafe other.withUnsafeBytes { other in
                guard let base = one.baseAddress, let otherBase = other.baseAddress else { return true }
                return unsafe memcmp(base, otherBase, one.count) == 0
            }
        }
    }

    /// True if all bytes are ASCII letters.
    private static func isName(_ name: RawSpan) -> Bool {
        // The loop does not stop early, so that it can be vectorized.
        unsafe name.withUnsafeBytes { bytes in
            var others: UInt8 = 0
            for index in 0..<bytes.count {
                others |= unsafe (bytes[index] | 0x20) &- UInt8(ascii: "a") > 25 ? 1 : 0
            }
            return others == 0
        }
    }

    private func object(_ fields: Fields, _ document: RawSpan) -> ListObjectsV2.Object? {
        guard let key = fields.key, !key.isEmpty, let size = fields.size,
            let bytes = document.extracting(size).decimal
        else { return nil }
        var details: ListObjectsV2.Details?
        if readsDetails {
            var etag: [UInt8] = []
            if let text = fields.etag {
                etag = document.extracting(text).array
                if let inside = Self.quoted(document, text) {
                    let quote = [UInt8(ascii: "\"")]
                    etag = quote + document.extracting(inside).array + quote
                }
            }
            details = ListObjectsV2.Details(
                checkedETag: etag,
                lastModified: fields.lastModified.map { document.extracting($0).array } ?? [])
            guard details != nil else { return nil }
        }
        return ListObjectsV2.Object(key: document.extracting(key).array, size: bytes, details: details)
    }

    /// The text between two escaped quotes; nil if the text has another form.
    private static func quoted(_ document: RawSpan, _ text: Range<Int>) -> Range<Int>? {
        for quote: StaticString in ["&quot;", "&#34;"] {
            let length = quote.utf8CodeUnitCount
            guard text.count >= 2 * length, after(quote, in: document, at: text.lowerBound) != nil,
                after(quote, in: document, at: text.upperBound - length) != nil
            else { continue }
            let inside = text.lowerBound + length..<text.upperBound - length
            if isPlain(document.extracting(inside)) { return inside }
        }
        return nil
    }

    /// True if the text needs no decoding, in any encoding that XML may have.
    private static func isPlain(_ text: RawSpan) -> Bool {
        // The loop does not stop early, so that it can be vectorized.
        unsafe text.withUnsafeBytes { bytes in
            var others: UInt8 = 0
            for index in 0..<bytes.count {
                let byte = unsafe bytes[index]
                others |= byte &- 0x20 > 0x7E - 0x20 ? 1 : 0
                others |= byte == UInt8(ascii: "&") ? 1 : 0
                others |= byte == UInt8(ascii: ">") ? 1 : 0
            }
            return others == 0
        }
    }

    /// The offset after `word`, if it stands at `start`.
    private static func after(_ word: StaticString, in document: RawSpan, at start: Int) -> Int? {
        let length = word.utf8CodeUnitCount
        guard document.byteCount - start >= length else { return nil }
        return unsafe document.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, unsafe memcmp(base + start, word.utf8Start, length) == 0
            else {
                return nil
            }
            return start + length
        }
    }
}
