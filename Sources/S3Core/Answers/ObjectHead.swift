package import HTTPTransfer

/// What the header fields of an answer say of an object.
package struct ObjectHead: Equatable, Sendable {
    /// As it came, quotes included; opaque. Nil if there is none, or none that may be one.
    package let etag: [UInt8]?
    /// True if it has what every S3 sends with an object, ETag or `x-amz-request-id`: any web server answers 200.
    package let isS3: Bool
    /// Bytes of this answer's body, if the service says so.
    package let contentLength: Int?
    /// True if only the connection's end shows where the body ends, so that nothing shows whether it is whole.
    package let endsWithConnection: Bool
    /// True if the body is a part of the object (206).
    package let isPartial: Bool
    /// Which bytes of the object the body is, if it is a part and the answer says which.
    package let contentRange: ContentRange?
    /// What the whole object's bytes must give, if the service says something that can be verified.
    package let checksum: ObjectChecksum?
    /// `x-amz-checksum-crc32` as it came: of the bytes or, with `-N` behind it, of the N parts' own.
    package let crc32: [UInt8]?

    package init(_ head: HTTPResponseHead) {
        etag = head.entityTag
        isS3 = etag != nil || head.value("x-amz-request-id") != nil
        contentLength = head.number("content-length")
        endsWithConnection = contentLength == nil && head.value("transfer-encoding") == nil
        isPartial = head.status == 206
        contentRange = isPartial ? head.text("content-range").flatMap(ContentRange.init) : nil
        // Beside a part, services send the whole object's checksum or the part's; nothing tells which, unless
        // they are the same.
        crc32 = head.value(ObjectChecksum.Algorithm.crc32.rawValue)
        let isWhole = contentRange.map { $0.bytes == 0..<$0.objectSize } ?? !isPartial
        checksum = isWhole ? ObjectChecksum(head, crc32: crc32) : nil
    }

    /// The size of the whole object, in bytes, if the answer tells.
    package var objectSize: Int? { isPartial ? contentRange?.objectSize : contentLength }

    /// The entity tag, if If-Match can compare it: a weak one never matches (RFC 9110, 13.1.1).
    package var strongETag: [UInt8]? {
        etag.flatMap { $0.starts(with: [UInt8(ascii: "W"), UInt8(ascii: "/")]) ? nil : $0 }
    }
}

/// A checksum of a whole object as a service sends it beside the object.
///
/// Source: Amazon S3 User Guide, "Checking object integrity"; API Reference, GetObject.
package struct ObjectChecksum: Equatable, Sendable {
    package enum Algorithm: String, CaseIterable, Sendable {
        // The quickest first: of several one is enough.
        case crc32 = "x-amz-checksum-crc32"
        case sha1 = "x-amz-checksum-sha1"
        case sha256 = "x-amz-checksum-sha256"

        /// How many base64 digits there are, padding included.
        fileprivate var textLength: Int {
            switch self {
            case .crc32: 8
            case .sha1: 28
            case .sha256: 44
            }
        }

        /// As S3 calls it: `CRC32`.
        package var name: String {
            switch self {
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

    /// Nil if there is none of a known algorithm, or one that is computed of parts: of type COMPOSITE, or
    /// with the number of parts behind it, `…==-3`.
    ///
    /// - Parameter crc32: the value of that one's field.
    init?(_ head: HTTPResponseHead, crc32: [UInt8]?) {
        for algorithm in Algorithm.allCases {
            let value = algorithm == .crc32 ? crc32 : head.value(algorithm.rawValue)
            guard let value, value.count == algorithm.textLength else { continue }
            if head.text("x-amz-checksum-type")?.uppercased() == "COMPOSITE" { return nil }
            self.init(algorithm, value)
            return
        }
        return nil
    }
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
