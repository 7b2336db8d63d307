import ByteIO

/// The options of a run of s3-get-lines, except the keys.
package struct GetOptions: Sendable {
    /// Whether the output follows the order of the keys.
    package var keepsOrder = true
    /// Whether to write the object's key and a TAB before each line.
    package var writesKeys = false
    /// Whether to leave the last line of an object without a newline if it has none.
    package var isExact = false
    /// Whether to write compressed objects as they are stored.
    package var isRaw = false
    /// The command that filters each object's stored bytes; nil for none.
    package var filter: FilterOptions?
    /// The size in bytes from which on an object is fetched in ranges.
    package var multipartThreshold = 8 << 20
    /// The size of ranges in bytes.
    package var chunkSize = 8 << 20
    /// The maximum of bytes in flight: requested or received, and not written yet.
    package var memory = 128 << 20
    /// The number of threads that decompress objects before their turn and compute checksums; 1 for none.
    package var threads = WorkPool.processors
    /// The size in bytes from which on another thread computes an expensive checksum.
    package var hashedInBackground = 1 << 20
    /// Whether to request and verify checksums.
    package var verifiesChecksums = true
    /// The share of the keys to process.
    package var shard = Shard()
    /// Whether keys are percent-encoded.
    package var readsURLKeys = false
    /// The file that lists each object once standard output has taken all of it.
    package var donePath: String?

    /// The file with the position in the listing.
    package var cursorFile: CursorFile?

    package init() {}
}
