import ByteIO
package import S3Core

/// What a run of s3-get-lines is asked to do, beside the keys.
package struct GetOptions: Sendable {
    /// Whether output follows the order of the keys.
    package var keepsOrder = true
    /// Whether each line is preceded by its object's key and a TAB.
    package var writesKeys = false
    /// Whether the last line of an object stays without a newline if it has none.
    package var isExact = false
    /// Whether gzip objects are written as they are.
    package var isRaw = false
    /// What the stored bytes of each object pass through before they become lines; nil for none.
    package var filter: FilterOptions?
    /// From which size on an object is fetched in ranges, in bytes.
    package var multipartThreshold = 8 << 20
    /// How long the ranges are, in bytes.
    package var chunkSize = 8 << 20
    /// How many bytes may be in flight: fetched or being fetched, and not written yet.
    package var memory = 128 << 20
    /// How many threads decompress objects ahead of their turn; with one, none does.
    package var threads = WorkPool.processors
    /// From how many bytes on a checksum that takes long is computed by another thread.
    package var hashedBeside = 1 << 20
    /// Whether checksums are asked for and verified.
    package var verifiesChecksums = true
    /// Which of the keys are taken.
    package var shard = Shard()
    /// Whether keys come percent-encoded.
    package var readsURLKeys = false
    /// A file that each object is noted in once standard output has taken all of it.
    package var donePath: String?

    /// Where it is kept how far a list was read.
    package var cursorFile: CursorFile?

    package init() {}
}

/// How a list is followed.
package struct Following: Sendable {
    /// The least time from one poll to the next, in milliseconds.
    package let interval: Int
    package let end: FollowList.End
    package let lookback: FollowList.Lookback

    package init(interval: Int, end: FollowList.End, lookback: FollowList.Lookback) {
        self.interval = interval
        self.end = end
        self.lookback = lookback
    }
}
