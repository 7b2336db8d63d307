/// What is said of an object once S3 has confirmed it.
package struct PutReceipt: Equatable, Sendable {
    /// Relative to the location, not escaped.
    package let key: [UInt8]
    /// As it came.
    package let etag: [UInt8]
    /// As stored.
    package let bytes: Int
    package let lines: Int

    package init(key: [UInt8], etag: [UInt8], bytes: Int, lines: Int) {
        self.key = key
        self.etag = etag
        self.bytes = bytes
        self.lines = lines
    }
}
