import Digest

/// A part that the service has, as Complete lists it.
package struct UploadedPart: Equatable, Sendable {
    /// From 1 to `MultipartLimits.maxParts`.
    package let number: Int
    /// As it came, quotes included; opaque.
    package let etag: [UInt8]
    /// As it was sent; nil if none was.
    package let checksum: BodyChecksum?
    /// How many bytes it has.
    let size: Int
    /// Of its bytes, if the object may have to be compared with another.
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
    /// The smallest that a part may be, unless it is the last one.
    package static let minPartSize = 5 << 20
    /// The largest that a part may be.
    package static let maxPartSize = 5 << 30
}
