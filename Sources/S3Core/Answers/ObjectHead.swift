package import Digest
package import HTTPTransfer

/// What the header fields of an answer say of an object.
package struct ObjectHead: Equatable, Sendable {
    /// As it came, quotes included; opaque. Nil if there is none, or none that may be one.
    package let etag: [UInt8]?
    /// True if it has what every S3 sends with an object, ETag or `x-amz-request-id`: any web server answers 200.
    package let isS3: Bool
    /// What the body is coded with, in lower case, the last one the outermost: as it is stored, or by something on the
    /// way. `identity` and `aws-chunked`, which is about the upload, do not count.
    package let contentCodings: [String]
    /// Bytes of this answer's body, if the service says so and marks its end by nothing else.
    package let contentLength: Int?
    /// False if only the connection's end shows where the body ends, so that nothing shows whether it is whole.
    package let hasEnd: Bool
    /// True if the body is a part of the object: status 206, or 200 with a Content-Range, as rclone answers.
    package let isPartial: Bool
    /// Which bytes of the object the body is, if it is a part and the answer says which.
    package let contentRange: ContentRange?
    /// How many tags the object has, if the service says so.
    package let tagCount: Int?
    /// What the whole object's bytes must give, if the service says something that can be verified.
    package let checksum: ObjectChecksum?
    /// The checksums as they came: of the bytes or, with `-N` after them, of the N parts' own.
    package let checksums: [ObjectChecksum]

    package init(_ head: HTTPResponseHead) {
        etag = head.entityTag
        isS3 = etag != nil || head.value("x-amz-request-id") != nil
        contentCodings = head.contentCodings
        if case .length(let length) = head.framing { contentLength = length } else { contentLength = nil }
        hasEnd = head.framing != .connection
        let range = head.text("content-range").flatMap(ContentRange.init)
        isPartial = head.status == 206 || range != nil
        tagCount = head.number("x-amz-tagging-count")
        googleStoredSize = head.number("x-goog-stored-content-length")
        contentRange = range
        // Beside a part, services send the whole object's checksum or the part's; nothing tells which, unless
        // they are the same.
        checksums = ObjectChecksum.all(head)
        let isWhole = contentRange.map { $0.bytes == 0..<$0.objectSize } ?? !isPartial
        let isComposite = head.text("x-amz-checksum-type")?.uppercased() == "COMPOSITE"
        checksum = isWhole && !isComposite ? checksums.first(where: \.isOfBytes) : nil
    }

    /// What `answer`, which was compressed on the way, would have been without that.
    init(_ answer: ObjectHead, as stored: ObjectHead) {
        etag = stored.etag
        isS3 = answer.isS3
        contentCodings = stored.contentCodings
        contentLength = stored.objectSize
        hasEnd = true
        isPartial = false
        contentRange = nil
        checksum = answer.checksum
        checksums = answer.checksums
        tagCount = answer.tagCount
        googleStoredSize = answer.googleStoredSize
    }

    /// The size of the whole object, in bytes, if the answer tells.
    package var objectSize: Int? { isPartial ? contentRange?.objectSize : contentLength }

    /// The size that Google says is stored, whatever it sends (Cloud Storage, "Transcoding of gzip-compressed files").
    let googleStoredSize: Int?

    /// True if the entity tag says that bytes may differ.
    var hasWeakTag: Bool { etag != nil && strongETag == nil }

    /// The entity tag, if If-Match can compare it: a weak one never matches (RFC 9110, 13.1.1).
    package var strongETag: [UInt8]? {
        etag.flatMap { $0.starts(with: [UInt8(ascii: "W"), UInt8(ascii: "/")]) ? nil : $0 }
    }
}

extension HTTPResponseHead {
    /// Content-Encoding, less what says nothing (RFC 9110, 8.4.1; `x-gzip` is `gzip`).
    var contentCodings: [String] {
        guard value("content-encoding") != nil else { return [] }
        return elements("content-encoding").map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "identity" && $0 != "aws-chunked" }.map { $0 == "x-gzip" ? "gzip" : $0 }
    }
}

/// A checksum of a whole object as a service sends it beside the object.
///
/// Source: Amazon S3 User Guide, "Checking object integrity"; API Reference, GetObject.
package struct ObjectChecksum: Equatable, Sendable {
    package enum Algorithm: String, CaseIterable, Sendable {
        // The quickest first: of several one is enough.
        case crc64nvme = "x-amz-checksum-crc64nvme"
        case crc32c = "x-amz-checksum-crc32c"
        case crc32 = "x-amz-checksum-crc32"
        case sha1 = "x-amz-checksum-sha1"
        case sha256 = "x-amz-checksum-sha256"

        /// How many base64 digits there are, padding included.
        fileprivate var textLength: Int {
            switch self {
            case .crc64nvme: 12
            case .crc32c, .crc32: 8
            case .sha1: 28
            case .sha256: 44
            }
        }

        /// The same as Digest computes it; nil for what is no cyclic redundancy check.
        package var crc: CRCAlgorithm? {
            switch self {
            case .crc64nvme: .crc64nvme
            case .crc32c: .crc32c
            case .crc32: .crc32
            case .sha1, .sha256: nil
            }
        }

        /// As S3 calls it: `CRC32`.
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
    /// In base64, as it came.
    package let value: [UInt8]

    package init(_ algorithm: Algorithm, _ value: [UInt8]) {
        self.algorithm = algorithm
        self.value = value
    }

    /// Those of known algorithms, in their order.
    fileprivate static func all(_ head: HTTPResponseHead) -> [ObjectChecksum] {
        Algorithm.allCases.compactMap { algorithm in
            head.value(algorithm.rawValue).map { ObjectChecksum(algorithm, $0) }
        }
    }

    /// False for one that is computed of parts, with their number after it, `...==-3`, and for what is none.
    fileprivate var isOfBytes: Bool { value.count == algorithm.textLength }
}

/// `bytes 0-9/100`: the first ten of a hundred bytes. Source: RFC 9110, 14.4.
package struct ContentRange: Equatable, Sendable {
    package let bytes: Range<Int>
    package let objectSize: Int

    /// Nil for anything else, a size of `*` included: S3 always knows it.
    package init?(_ text: String) {
        let parts = text.split { $0 == " " || $0 == "-" || $0 == "/" }
        guard parts.count == 4, parts[0].lowercased() == "bytes", let first = Int(parts[1]),
            let last = Int(parts[2]), let size = Int(parts[3]), 0 <= first, first <= last, last < size
        else { return nil }
        bytes = first..<(last + 1)
        objectSize = size
    }
}
