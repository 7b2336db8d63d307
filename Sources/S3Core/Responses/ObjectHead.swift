package import Digest
package import HTTPTransfer

/// Properties of an object in the headers of a response.
package struct ObjectHead: Equatable, Sendable {
    /// As received, including quotes; opaque. Nil if it is missing or invalid.
    package let etag: [UInt8]?
    /// True if the response has an ETag or `x-amz-request-id`, as every S3 service sends with an object. Any
    /// web server responds with 200.
    package let isS3: Bool
    /// The content codings of the body, in lower case, the outermost last. The object was stored with them,
    /// or an intermediary added them. `identity` is left out, and so is `aws-chunked`, which concerns only
    /// the upload.
    package let contentCodings: [String]
    /// The length of this response's body in bytes, if Content-Length alone delimits it.
    package let contentLength: Int?
    /// False if only the end of the connection delimits the body, so that truncation cannot be detected.
    package let hasEnd: Bool
    /// True if the body is a part of the object: status 206, or 200 with a Content-Range, as rclone sends.
    package let isPartial: Bool
    /// The range of the object in the body, if it is partial and the response gives the range.
    package let contentRange: ContentRange?
    /// The number of the object's tags, if the service gives it.
    package let tagCount: Int?
    /// The checksum of the whole object's bytes, if the service sends one that can be verified.
    package let checksum: ObjectChecksum?
    /// The checksums as received: of the bytes or, if followed by `-N`, of the checksums of N parts.
    package let checksums: [ObjectChecksum]

    package init(_ head: HTTPResponseHead) {
        etag = head.entityTag
        isS3 = etag != nil || head.value("x-amz-request-id") != nil
        contentCodings = head.contentCodings
        let framing = head.framing
        if case .length(let length) = framing { contentLength = length } else { contentLength = nil }
        hasEnd = framing != .connection
        let range = head.text("content-range").flatMap(ContentRange.init)
        isPartial = head.status == 206 || range != nil
        tagCount = head.number("x-amz-tagging-count")
        googleStoredSize = head.number("x-goog-stored-content-length")
        contentRange = range
        // In a partial response, some services send the whole object's checksum and some the range's; these
        // can be distinguished only if the range is the whole object.
        checksums = ObjectChecksum.all(head)
        let isWhole = contentRange.map { $0.bytes == 0..<$0.objectSize } ?? !isPartial
        let isComposite = head.text("x-amz-checksum-type")?.uppercased() == "COMPOSITE"
        checksum = isWhole && !isComposite ? checksums.first(where: \.isOfBytes) : nil
    }

    /// The head that `response`, which was compressed in transit, would have had without compression.
    init(_ response: ObjectHead, as stored: ObjectHead) {
        etag = stored.etag
        isS3 = response.isS3
        contentCodings = stored.contentCodings
        contentLength = stored.objectSize
        hasEnd = true
        isPartial = false
        contentRange = nil
        checksum = response.checksum
        checksums = response.checksums
        tagCount = response.tagCount
        googleStoredSize = response.googleStoredSize
    }

    /// The size of the whole object in bytes, if the response gives it.
    package var objectSize: Int? { isPartial ? contentRange?.objectSize : contentLength }

    /// The stored size according to Google, which may differ from that of the response (Cloud Storage,
    /// "Transcoding of gzip-compressed files").
    let googleStoredSize: Int?

    /// True if the entity tag is weak: the bytes may differ between responses.
    var hasWeakTag: Bool { etag != nil && strongETag == nil }

    /// The entity tag if If-Match can compare it: weak tags never match (RFC 9110, 13.1.1).
    package var strongETag: [UInt8]? {
        etag.flatMap { $0.starts(with: [UInt8(ascii: "W"), UInt8(ascii: "/")]) ? nil : $0 }
    }
}

extension HTTPResponseHead {
    /// The codings in Content-Encoding without those that have no effect (RFC 9110, 8.4.1; `x-gzip` is
    /// `gzip`).
    var contentCodings: [String] {
        guard value("content-encoding") != nil else { return [] }
        return elements("content-encoding").map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "identity" && $0 != "aws-chunked" }.map { $0 == "x-gzip" ? "gzip" : $0 }
    }
}

/// A checksum of a whole object in a response's headers.
///
/// Source: Amazon S3 User Guide, "Checking object integrity"; API Reference, GetObject.
package struct ObjectChecksum: Equatable, Sendable {
    package enum Algorithm: String, CaseIterable, Sendable {
        // The fastest first: one of several is enough.
        case crc64nvme = "x-amz-checksum-crc64nvme"
        case crc32c = "x-amz-checksum-crc32c"
        case crc32 = "x-amz-checksum-crc32"
        case sha1 = "x-amz-checksum-sha1"
        case sha256 = "x-amz-checksum-sha256"

        /// The number of base64 characters, including padding.
        fileprivate var textLength: Int {
            switch self {
            case .crc64nvme: 12
            case .crc32c, .crc32: 8
            case .sha1: 28
            case .sha256: 44
            }
        }

        /// The algorithm in Digest; nil for an algorithm that is not a CRC.
        package var crc: CRCAlgorithm? {
            switch self {
            case .crc64nvme: .crc64nvme
            case .crc32c: .crc32c
            case .crc32: .crc32
            case .sha1, .sha256: nil
            }
        }

        /// S3's name: `CRC32`.
        package var name: String {
            switch self {
            case .crc64nvme: "CRC64NVME"
            case .crc32c: "CRC32C"
            case .crc32: "CRC32"
            case .sha1: "SHA1"
            case .sha256: "SHA256"
            }
        }
    }

    package let algorithm: Algorithm
    /// In base64, as received.
    package let value: [UInt8]

    package init(_ algorithm: Algorithm, _ value: [UInt8]) {
        self.algorithm = algorithm
        self.value = value
    }

    /// The checksums of known algorithms, in their order.
    fileprivate static func all(_ head: HTTPResponseHead) -> [ObjectChecksum] {
        Algorithm.allCases.compactMap { algorithm in
            head.value(algorithm.rawValue).map { ObjectChecksum(algorithm, $0) }
        }
    }

    /// False for a checksum of parts, which is followed by their number, `...==-3`, and for an invalid one.
    fileprivate var isOfBytes: Bool { value.count == algorithm.textLength }
}

/// `bytes 0-9/100`: the first ten of a hundred bytes. Source: RFC 9110, 14.4.
package struct ContentRange: Equatable, Sendable {
    package let bytes: Range<Int>
    package let objectSize: Int

    /// Nil if it is invalid. A size of `*` is invalid too: S3 always knows the size.
    package init?(_ text: String) {
        let parts = text.split { $0 == " " || $0 == "-" || $0 == "/" }
        guard parts.count == 4, parts[0].lowercased() == "bytes", let first = Int(parts[1]),
            let last = Int(parts[2]), let size = Int(parts[3]), 0 <= first, first <= last, last < size
        else { return nil }
        bytes = first..<(last + 1)
        objectSize = size
    }
}
