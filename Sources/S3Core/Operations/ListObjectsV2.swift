import ByteIO
import HTTPTransfer

/// Lists one page of the keys under a prefix, in the service's order.
package struct ListObjectsV2: S3Operation {
    package static let name = "ListObjectsV2"

    /// One entry of the listing.
    package struct Object: Equatable, Sendable {
        /// The whole key, decoded.
        package private(set) var key: [UInt8]
        /// In bytes.
        package let size: Int
        /// Nil unless requested.
        package let details: Details?
        /// True if the entry is not an object but a common prefix, which ends with the delimiter; its size is
        /// 0.
        package let isCommonPrefix: Bool

        package init(key: [UInt8], size: Int, details: Details? = nil, isCommonPrefix: Bool = false) {
            self.key = key
            self.size = size
            self.details = details
            self.isCommonPrefix = isCommonPrefix
        }

        /// Decodes the key of a listing with URL-encoded keys.
        fileprivate mutating func decode() {
            guard has(UInt8(ascii: "%")) || has(UInt8(ascii: "+")) else { return }
            key = PercentEncoding.decodeForm(key)
        }

        private func has(_ byte: UInt8) -> Bool { key.bytes.firstIndex(of: byte) != nil }
    }

    /// Further fields of an object, unchanged; empty if the service does not send them.
    package struct Details: Equatable, Sendable {
        /// Quotes included.
        package let etag: [UInt8]
        /// RFC 3339.
        package let lastModified: [UInt8]

        package init(etag: [UInt8], lastModified: [UInt8]) {
            self.etag = etag
            self.lastModified = lastModified
        }

        /// Nil if a value is malformed.
        init?(checkedETag etag: [UInt8], lastModified: [UInt8]) {
            guard etag.isEmpty || EntityTag.isValid(etag), lastModified.allSatisfy({ 0x20 < $0 && $0 < 0x7F })
            else { return nil }
            self.init(etag: etag, lastModified: lastModified)
        }
    }

    /// The content of a page.
    package struct Page: Equatable, Sendable {
        package let objects: [Object]
        /// The token for the next page; nil on the last page.
        package let continuationToken: [UInt8]?

        package init(objects: [Object], continuationToken: [UInt8]? = nil) {
            self.objects = objects
            self.continuationToken = continuationToken
        }
    }

    private let prefix: [UInt8]
    private let startAfter: [UInt8]?
    private let continuationToken: [UInt8]?
    private let delimiter: [UInt8]?
    private let maximumKeys: Int?
    private let readsDetails: Bool

    /// - Parameters:
    ///   - startAfter: a whole key; the listing starts after it. Only for the first page.
    ///   - continuationToken: the token from the previous page.
    ///   - delimiter: keys that contain it after the prefix are grouped into one common prefix that ends with
    ///     it.
    ///   - maximumKeys: the maximum number of keys; nil uses the service's default, up to 1,000.
    ///   - readsDetails: whether to read more than key and size of each object.
    package init(
        prefix: [UInt8], startAfter: [UInt8]? = nil, continuationToken: [UInt8]? = nil,
        delimiter: [UInt8]? = nil, maximumKeys: Int? = nil, readsDetails: Bool = false
    ) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.maximumKeys = maximumKeys
        self.readsDetails = readsDetails
        self.startAfter = startAfter
        self.continuationToken = continuationToken
    }

    package func request() -> S3Request {
        var request = S3Request(.get)
        request.query = [("list-type", [UInt8]("2".utf8)), ("encoding-type", [UInt8]("url".utf8))]
        if !prefix.isEmpty { request.query.append(("prefix", prefix)) }
        if let delimiter { request.query.append(("delimiter", delimiter)) }
        if let maximumKeys { request.query.append(("max-keys", [UInt8](String(maximumKeys).utf8))) }
        if let continuationToken {
            request.query.append(("continuation-token", continuationToken))
        } else if let startAfter {
            request.query.append(("start-after", startAfter))
        }
        return request
    }

    /// - Throws: `notS3` if the listing is invalid: a wrong root element, an object without key or size, no
    ///   indication whether another page follows, or no new token for it.
    package func output(_ response: S3Response) throws(S3Error) -> Page {
        let list = ListReader(readsDetails: readsDetails)
        guard list.readList(response.body), list.isList else {
            throw S3Error(.notS3, "the response is not a list of objects")
        }
        if let problem = list.problem { throw S3Error(.notS3, problem) }
        guard let isTruncated = list.isTruncated else {
            throw S3Error(.notS3, "the list has no IsTruncated element")
        }
        var objects = list.objects
        if list.isEncoded { for index in objects.indices { objects[index].decode() } }
        objects = Self.merged(objects)
        guard isTruncated else { return Page(objects: objects, continuationToken: nil) }
        guard let token = list.token, !token.isEmpty else {
            throw S3Error(.notS3, "the list is truncated and has no continuation token")
        }
        guard token != continuationToken else {
            throw S3Error(.notS3, "the list repeats a continuation token")
        }
        return Page(objects: objects, continuationToken: token)
    }

    /// Merges objects and common prefixes, which a page lists separately, into one order. Each of the two
    /// keeps its order.
    private static func merged(_ entries: [Object]) -> [Object] {
        guard entries.contains(where: \.isCommonPrefix) else { return entries }
        var prefixes = entries.filter(\.isCommonPrefix)[...]
        var merged: [Object] = []
        merged.reserveCapacity(entries.count)
        for object in entries where !object.isCommonPrefix {
            while let prefix = prefixes.first, prefix.key.lexicographicallyPrecedes(object.key) {
                merged.append(prefixes.removeFirst())
            }
            merged.append(object)
        }
        return merged + prefixes
    }
}

/// Parses a page's objects without a tree: building one for a thousand objects would cost more than
/// everything else.
private final class ListReader: XMLReader {
    private enum Element {
        case key, size, etag, lastModified, commonPrefix
        case encodingType, isTruncated, token
    }

    private let readsDetails: Bool
    /// True if the root element is that of a listing.
    private(set) var isList = false
    private(set) var objects: [ListObjectsV2.Object] = []
    /// The first error in an object.
    private(set) var problem: String?
    // If an element is repeated, the first one counts.
    private var encodingType: [UInt8]?
    private var truncated: [UInt8]?
    private(set) var token: [UInt8]?

    /// The offset of the end of the latest object.
    private var endOfObject = 0
    private var isInObject = false
    private var isInPrefixes = false
    private var key: [UInt8]?
    /// -1 if it is not a number.
    private var size: Int?
    private var etag: [UInt8]?
    private var lastModified: [UInt8]?

    /// The element being read, if it is one of the relevant ones.
    private var element: Element?
    /// Its depth.
    private var elementDepth = 0
    private let content = ByteBlock(capacity: 1024)
    private var contentBytes: [UInt8] {
        let content = content
        return content.bytes.array
    }

    init(readsDetails: Bool) {
        self.readsDetails = readsDetails
        super.init()
    }

    var isEncoded: Bool { encodingType == [UInt8]("url".utf8) }
    /// Nil if the listing does not contain it.
    var isTruncated: Bool? { truncated.flatMap { Bool(String(decoding: $0, as: UTF8.self).lowercased()) } }

    override func begin(_ name: UnsafePointer<CChar>) {
        switch depth {
        case 1: isList = unsafe Self.isSame(name, "ListBucketResult")
        case 2:
            isInObject = unsafe Self.isSame(name, "Contents")
            if isInObject {
                (key, size, etag, lastModified) = (nil, nil, nil, nil)
            } else {
                isInPrefixes = unsafe Self.isSame(name, "CommonPrefixes")
                enter(unsafe Self.pageElement(name))
            }
        case 3 where isInObject: enter(unsafe objectElement(name))
        case 3 where isInPrefixes: enter(unsafe Self.isSame(name, "Prefix") ? .commonPrefix : nil)
        default: break
        }
    }

    private func enter(_ element: Element?) {
        self.element = element
        readsText = element != nil
        guard element != nil else { return }
        elementDepth = depth
        content.removeAll()
    }

    private func objectElement(_ name: UnsafePointer<CChar>) -> Element? {
        if unsafe Self.isSame(name, "Key") { return .key }
        if unsafe Self.isSame(name, "Size") { return .size }
        guard readsDetails else { return nil }
        if unsafe Self.isSame(name, "ETag") { return .etag }
        return unsafe Self.isSame(name, "LastModified") ? .lastModified : nil
    }

    private static func pageElement(_ name: UnsafePointer<CChar>) -> Element? {
        if unsafe isSame(name, "EncodingType") { return .encodingType }
        if unsafe isSame(name, "IsTruncated") { return .isTruncated }
        return unsafe isSame(name, "NextContinuationToken") ? .token : nil
    }

    private static func isSame(_ name: UnsafePointer<CChar>, _ wanted: StaticString) -> Bool {
        unsafe strcmp(name, UnsafeRawPointer(wanted.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
    }

    override func text(_ bytes: RawSpan) {
        if depth == elementDepth { content.append(bytes) }
    }

    override func end() {
        if depth == 2, isInObject { return endObject() }
        guard let element, depth == elementDepth else { return }
        self.element = nil
        readsText = false
        switch element {
        case .key: key = key ?? contentBytes
        case .size:
            let content = content
            if size == nil { size = content.bytes.decimal ?? -1 }
        case .etag: etag = etag ?? contentBytes
        case .lastModified: lastModified = lastModified ?? contentBytes
        case .commonPrefix:
            objects.append(ListObjectsV2.Object(key: contentBytes, size: 0, isCommonPrefix: true))
        case .encodingType: encodingType = encodingType ?? contentBytes
        case .isTruncated: truncated = truncated ?? contentBytes
        case .token: token = token ?? contentBytes
        }
    }

    private func endObject() {
        isInObject = false
        // A request with an empty key would address the bucket.
        guard let key, !key.isEmpty, let size, size >= 0 else {
            problem = problem ?? "the list has an object without key or size"
            return
        }
        var details: ListObjectsV2.Details?
        if readsDetails {
            details = ListObjectsV2.Details(checkedETag: etag ?? [], lastModified: lastModified ?? [])
            if details == nil {
                problem = problem ?? "the list has an object with an invalid ETag or time"
                return
            }
        }
        objects.append(ListObjectsV2.Object(key: key, size: size, details: details))
        endOfObject = endOfElement
    }

    /// Parses the document. Expat parses the first object and everything outside objects; `PlainObjects`
    /// parses the objects after it that have the usual form.
    func readList(_ document: [UInt8]) -> Bool {
        let start = Self.start(of: document)
        guard let firstEnd = Self.firstEnd(in: document.bytes, from: start) else { return read(document) }
        guard feed(document[start..<firstEnd], isLast: false) else { return false }
        var place = firstEnd
        // Expat must also have found an object's end there: it may be in a comment, for instance.
        if depth == 1, isList, endOfObject == firstEnd - start {
            let plain = PlainObjects(
                document.bytes, from: firstEnd, readsDetails: readsDetails, elementsLeft: elementsLeft)
            objects += plain.objects
            count(elements: elementsLeft - plain.elementsLeft)
            place = plain.end
        }
        return feed(document[place...], isLast: true)
    }

    /// The offset of the end of the first `</Contents>`.
    private static func firstEnd(in document: RawSpan, from start: Int) -> Int? {
        let end: StaticString = "</Contents>"
        let length = end.utf8CodeUnitCount
        var place = start
        while let next = document.firstIndex(of: UInt8(ascii: "<"), from: place),
            next + length <= document.byteCount
        {
            let isEnd = unsafe document.withUnsafeBytes { bytes in
                unsafe bytes.baseAddress.map { unsafe memcmp($0 + next, end.utf8Start, length) == 0 } ?? false
            }
            if isEnd { return next + length }
            place = next + 1
        }
        return nil
    }
}
