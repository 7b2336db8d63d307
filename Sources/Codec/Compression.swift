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

    /// The bytes that compressing one long object takes at least, its blocks on their way included.
    package var memory: Int {
        switch self {
        case .gzip: 2 << 20
        case .zstd(let level): 2 * ZstdEncoder.workerMemory(level: level)
        }
    }

    /// How many bytes are compressed at a time, before more than an object's last ones are known.
    var blockSize: Int {
        switch self {
        // As pigz(1) has it.
        case .gzip: 128 << 10
        case .zstd: 256 << 10
        }
    }
}
