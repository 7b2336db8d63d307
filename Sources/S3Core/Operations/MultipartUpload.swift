/// A part that the service has, as Complete lists it.
package struct UploadedPart: Equatable, Sendable {
    /// From 1 to `MultipartLimits.maxParts`.
    package let number: Int
    /// As it came, quotes included; opaque.
    package let etag: [UInt8]
    /// As it was sent; nil if none was.
    package let checksum: BodyChecksum?

    package init(number: Int, etag: [UInt8], checksum: BodyChecksum? = nil) {
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
