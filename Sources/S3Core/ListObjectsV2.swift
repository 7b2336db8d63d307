import ByteIO
import HTTPTransfer

/// One page of the keys under a prefix, in the service's order.
package struct ListObjectsV2: S3Operation {
    package static let name = "ListObjectsV2"

    /// One object of the list.
    package struct Object: Equatable, Sendable {
        /// The whole key, decoded.
        package let key: [UInt8]
        /// In bytes.
        package let size: Int
        /// As it came, quotes included; empty if the service gives none.
        package let etag: [UInt8]
        /// As it came, RFC 3339.
        package let lastModified: [UInt8]

        package init(key: [UInt8], size: Int, etag: [UInt8] = [], lastModified: [UInt8] = []) {
            self.key = key
            self.size = size
            self.etag = etag
            self.lastModified = lastModified
        }

        /// The same, where the list has keys encoded.
        fileprivate var decoded: Object {
            guard key.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
                return self
            }
            return Object(
                key: PercentEncoding.decodeForm(key), size: size, etag: etag, lastModified: lastModified)
        }
    }

    /// What a page says.
    package struct Page: Equatable, Sendable {
        package let objects: [Object]
        /// What to ask for next; nil on the last page.
        package let continuationToken: [UInt8]?
    }

    private let prefix: [UInt8]
    private let startAfter: [UInt8]?
    private let continuationToken: [UInt8]?

    /// - Parameters:
    ///   - startAfter: a whole key; the list begins behind it. Only for the first page.
    ///   - continuationToken: what the page before gave.
    package init(prefix: [UInt8], startAfter: [UInt8]? = nil, continuationToken: [UInt8]? = nil) {
        self.prefix = prefix
        self.startAfter = startAfter
        self.continuationToken = continuationToken
    }

    package func request() -> S3Request {
        var request = S3Request(.get)
        request.query = [("list-type", [UInt8]("2".utf8)), ("encoding-type", [UInt8]("url".utf8))]
        if !prefix.isEmpty { request.query.append(("prefix", prefix)) }
        if let continuationToken {
            request.query.append(("continuation-token", continuationToken))
        } else if let startAfter {
            request.query.append(("start-after", startAfter))
        }
        return request
    }

    /// - Throws: `notS3` for anything but a whole list: a wrong root, an object without its key or size, a
    ///   list that does not say whether it goes on, or how, or says what was asked already.
    package func output(_ response: S3Response) throws(S3Error) -> Page {
        let list = ListReader()
        guard list.read(response.body), list.isList else {
            throw S3Error(.notS3, "the answer is no list of objects")
        }
        if let problem = list.problem { throw S3Error(.notS3, problem) }
        guard let isTruncated = list.isTruncated else {
            throw S3Error(.notS3, "the list does not say whether it goes on")
        }
        let objects = list.isEncoded ? list.objects.map(\.decoded) : list.objects
        guard isTruncated else { return Page(objects: objects, continuationToken: nil) }
        guard let token = list.token, !token.isEmpty else {
            throw S3Error(.notS3, "the list is truncated and does not say how to go on")
        }
        guard token != continuationToken else {
            throw S3Error(.notS3, "the list goes round in circles")
        }
        return Page(objects: objects, continuationToken: token)
    }
}

/// Reads a page's objects one by one: a tree of a thousand of them would cost more than the rest.
private final class ListReader: XMLReader {
    private enum Element {
        case key, size, etag, lastModified
        case encodingType, isTruncated, token
    }

    /// True if it is a list at all.
    private(set) var isList = false
    private(set) var objects: [ListObjectsV2.Object] = []
    /// What is wrong with one of them.
    private(set) var problem: String?
    // Of an element that comes twice the first counts.
    private var encodingType: [UInt8]?
    private var truncated: [UInt8]?
    private(set) var token: [UInt8]?

    private var isInObject = false
    private var key: [UInt8]?
    private var size: [UInt8]?
    private var etag: [UInt8]?
    private var lastModified: [UInt8]?

    /// The element that is being read, if it is one of those that count.
    private var element: Element?
    /// Its depth.
    private var elementDepth = 0
    private var content: [UInt8] = []

    var isEncoded: Bool { encodingType == [UInt8]("url".utf8) }
    /// Nil if the list does not say.
    var isTruncated: Bool? { truncated.flatMap { Bool(String(decoding: $0, as: UTF8.self).lowercased()) } }

    override func begin(_ name: UnsafePointer<CChar>) {
        switch depth {
        case 1: isList = unsafe Self.isSame(name, "ListBucketResult")
        case 2:
            isInObject = unsafe Self.isSame(name, "Contents")
            if isInObject {
                (key, size, etag, lastModified) = (nil, nil, nil, nil)
            } else {
                unsafe enter(name)
            }
        case 3 where isInObject: unsafe enter(name)
        default: break
        }
    }

    private func enter(_ name: UnsafePointer<CChar>) {
        element = unsafe isInObject ? Self.objectElement(name) : Self.pageElement(name)
        elementDepth = depth
        content.removeAll(keepingCapacity: true)
    }

    private static func objectElement(_ name: UnsafePointer<CChar>) -> Element? {
        if unsafe isSame(name, "Key") { return .key }
        if unsafe isSame(name, "Size") { return .size }
        if unsafe isSame(name, "ETag") { return .etag }
        return unsafe isSame(name, "LastModified") ? .lastModified : nil
    }

    private static func pageElement(_ name: UnsafePointer<CChar>) -> Element? {
        if unsafe isSame(name, "EncodingType") { return .encodingType }
        if unsafe isSame(name, "IsTruncated") { return .isTruncated }
        return unsafe isSame(name, "NextContinuationToken") ? .token : nil
    }

    private static func isSame(_ name: UnsafePointer<CChar>, _ wanted: StaticString) -> Bool {
        unsafe strcmp(name, UnsafeRawPointer(wanted.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
    }

    override func text(_ bytes: UnsafeRawBufferPointer) {
        guard element != nil, depth == elementDepth else { return }
        unsafe content.append(contentsOf: bytes)
    }

    override func end() {
        if depth == 2, isInObject { return endObject() }
        guard let element, depth == elementDepth else { return }
        self.element = nil
        switch element {
        case .key: key = key ?? content
        case .size: size = size ?? content
        case .etag: etag = etag ?? content
        case .lastModified: lastModified = lastModified ?? content
        case .encodingType: encodingType = encodingType ?? content
        case .isTruncated: truncated = truncated ?? content
        case .token: token = token ?? content
        }
    }

    private func endObject() {
        isInObject = false
        // A request for an empty key would address the bucket.
        guard let key, !key.isEmpty, let size = size?.bytes.decimal else {
            problem = problem ?? "the list has an object without key or size"
            return
        }
        let (etag, lastModified) = (etag ?? [], lastModified ?? [])
        guard etag.isEmpty || EntityTag.isValid(etag), !lastModified.bytes.hasByte(upTo: 0x20),
            lastModified.allSatisfy({ $0 < 0x7F })
        else {
            problem = problem ?? "the list has an object whose ETag or time cannot be one"
            return
        }
        objects.append(ListObjectsV2.Object(key: key, size: size, etag: etag, lastModified: lastModified))
    }
}
