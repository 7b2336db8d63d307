/// How objects are compressed.
package enum Compression: Equatable, Sendable {
    /// From 1, fast, to 9, small.
    case gzip(level: Int)
    /// From 1, fast, to 19, small.
    case zstd(level: Int)

    package var format: CompressedFormat {
        switch self {
        case .gzip: .gzip
        case .zstd: .zstd
        }
    }

    /// The least memory for compressing one long object, in bytes, including the blocks that are being compressed.
    package var memory: Int {
        switch self {
        case .gzip: 2 << 20
        case .zstd(let level): 2 * ZstdEncoder.workerMemory(level: level)
        }
    }

    /// The size of a block: how many bytes one step compresses.
    var blockSize: Int {
        switch self {
        // The same as pigz(1).
        case .gzip: 128 << 10
        case .zstd: 256 << 10
        }
    }
}
