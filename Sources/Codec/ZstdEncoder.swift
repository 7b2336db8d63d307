import ByteIO
import CZstd

/// Compresses one zstd frame block by block, with a checksum of its content.
///
/// Source: zstd.h, ZSTD_compressStream2.
@safe final class ZstdEncoder {
    /// The job size of libzstd's threads, in bytes. The library's default depends on the level, and is 32 MiB for the
    /// highest.
    private static let jobSize = 2 << 20

    private let context: OpaquePointer
    /// The library's memory in bytes.
    fileprivate var memory: Int { unsafe ZSTD_sizeof_CCtx(context) }

    /// - Parameters:
    ///   - workers: the library's threads, at least 1; 0 compresses on the calling thread.
    ///   - size: of the content in bytes, if known.
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

    /// The memory of one of the library's threads in bytes, measured with 1.5.4 and rounded up.
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

    /// Compresses `bytes`; `isLast` ends the frame.
    func compress(_ bytes: RawSpan, isLast: Bool, into output: ByteBlock) {
        unsafe bytes.withUnsafeBytes { source in
            var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var left = 0
            repeat {
                unsafe output.append(upTo: ZSTD_CStreamOutSize()) { target in
                    var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    left = unsafe ZSTD_compressStream2(
                        context, &to, &from, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    if ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation { endForLackOfMemory() }
                    precondition(ZSTD_isError(left) == 0, "zstd: the level is invalid")
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

    /// The library's memory afterwards, in bytes.
    private(set) var memory = 0

    override func run(in workspace: Workspace) {
        let input = input
        encoder?.compress(input.bytes, isLast: isLast, into: output)
        memory = encoder?.memory ?? 0
    }
}
