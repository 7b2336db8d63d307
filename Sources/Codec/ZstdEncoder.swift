import ByteIO
import CZstd

/// Compresses one zstd frame, with the checksum of its content, block after block.
///
/// Source: zstd.h, ZSTD_compressStream2.
@safe final class ZstdEncoder {
    /// What each of libzstd's threads compresses at a time. With its own default that would depend on the level, and
    /// be 32 MiB for the highest.
    private static let jobSize = 2 << 20

    private let context: OpaquePointer
    /// The bytes that the library holds.
    fileprivate var memory: Int { unsafe ZSTD_sizeof_CCtx(context) }

    /// - Parameters:
    ///   - workers: the library's threads, from 1; 0 compresses in `compress` itself.
    ///   - size: of the content, if it is known.
    init(level: Int, workers: Int, size: Int?) {
        guard let context = unsafe ZSTD_createCCtx() else { endForLackOfMemory() }
        unsafe self.context = unsafe context
        set(ZSTD_c_compressionLevel, level)
        set(ZSTD_c_checksumFlag, 1)
        if let size { _ = unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size)) }
        guard workers > 0 else { return }
        set(ZSTD_c_nbWorkers, workers)
        set(ZSTD_c_jobSize, Self.jobSize)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// What a thread of the library's takes, as measured of 1.5.4 and rounded up.
    static func workerMemory(level: Int) -> Int {
        switch level {
        case ...3: 12 << 20
        case ...6: 16 << 20
        case ...9: 24 << 20
        case ...12: 44 << 20
        case ...18: 56 << 20
        default: 112 << 20
        }
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int) {
        _ = unsafe ZSTD_CCtx_setParameter(context, parameter, CInt(value))
    }

    /// Compresses `bytes`; with `isLast` the frame ends.
    func compress(_ bytes: RawSpan, isLast: Bool, into output: ByteBlock) {
        unsafe bytes.withUnsafeBytes { source in
            var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var left = 0
            repeat {
                unsafe output.append(upTo: ZSTD_CStreamOutSize()) { target in
                    var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    left = unsafe ZSTD_compressStream2(
                        context, &to, &from, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    precondition(ZSTD_isError(left) == 0, "zstd: no memory, or a level that is none")
                    return unsafe to.pos
                }
            } while unsafe isLast ? left > 0 : from.pos < from.size
        }
    }
}

/// A block of a frame.
final class ZstdPiece: CompressionPiece {
    private let isLast: Bool
    private let encoder: ZstdEncoder?

    init(_ input: ByteBlock, isLast: Bool, encoder: ZstdEncoder?) {
        self.isLast = isLast
        self.encoder = encoder
        super.init(input)
    }

    /// The bytes that the library held afterwards.
    private(set) var memory = 0

    override func run() {
        let input = input
        encoder?.compress(input.bytes, isLast: isLast, into: output)
        memory = encoder?.memory ?? 0
    }
}
