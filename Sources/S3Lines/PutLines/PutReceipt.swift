/// The content of a receipt: a stored object.
package struct PutReceipt: Equatable, Sendable {
    /// Unescaped, relative to the location.
    package let key: [UInt8]
    /// As the service sent it.
    package let etag: [UInt8]
    /// The stored size in bytes.
    package let bytes: Int
    package let lines: Int

    package init(key: [UInt8], etag: [UInt8], bytes: Int, lines: Int) {
        self.key = key
        self.etag = etag
        self.bytes = bytes
        self.lines = lines
    }
}
