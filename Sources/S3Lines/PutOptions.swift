package import S3Core

/// What a run of s3-put-lines is to do, checked.
package struct PutOptions: Sendable {
    /// What keys are relative to.
    package var location: Location
    /// The key of the one object that all of stdin is, relative and not escaped; nil for keyed records.
    package var key: [UInt8]?
    package var each = false
    package var maxOpen = 1
    /// Receipts have ETag, bytes and lines too.
    package var long = false
    /// No receipts.
    package var quiet = false
    /// The bound of all buffered data, in bytes.
    package var memory = 256 << 20
    package var maxConnections = 64

    package init(location: Location) { self.location = location }
}
