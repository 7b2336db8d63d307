import Digest

/// An uploaded part, as listed in CompleteMultipartUpload.
package struct UploadedPart: Equatable, Sendable {
    /// From 1 to `MultipartLimits.maxParts`.
    package let number: Int
    /// As received, including quotes; opaque.
    package let etag: [UInt8]
    /// The checksum that was sent; nil if none.
    package let checksum: BodyChecksum?
    /// The part's size in bytes.
    let size: Int
    /// The CRC of its bytes; nil unless the object may have to be compared with another.
    let sum: CRC?

    package init(number: Int, etag: [UInt8], checksum: BodyChecksum? = nil, size: Int = 0) {
        self.init(number: number, etag: etag, checksum: checksum, size: size, sum: nil)
    }

    init(number: Int, etag: [UInt8], checksum: BodyChecksum?, size: Int, sum: CRC?) {
        self.size = size
        self.sum = sum
        self.number = number
        self.etag = etag
        self.checksum = checksum
    }
}

/// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
package enum MultipartLimits {
    package static let maxParts = 10_000
    /// The minimum size of a part other than the last, in bytes.
    package static let minPartSize = 5 << 20
    /// The maximum size of a part, in bytes.
    package static let maxPartSize = 5 << 30
}
