import ByteIO
import CZstd

/// Decompresses consecutive zstd frames; skippable frames produce no output.
///
/// Source: RFC 8878; zstd.h, ZSTD_decompressStream.
@safe final class ZstdDecompressor {
    /// The largest window of a frame: 128 MiB, zstd(1)'s default limit.
    private static let largestWindowLog: CInt = 27

    private let context: OpaquePointer

    init() {
        guard let context = unsafe ZSTD_createDCtx() else { endForLackOfMemory() }
        unsafe self.context = unsafe context
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindowLog)
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Another object follows.
    func restart() { _ = unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only) }

    var memory: Int { unsafe ZSTD_sizeof_DCtx(context) }

    /// Decompresses from `input` and appends at most `room` bytes to `output`.
    func step(_ input: RawSpan, _ output: ByteBlock, _ room: Int) -> DecodingStep {
        var consumed = 0
        var result = 0
        unsafe input.withUnsafeBytes { source in
            unsafe output.append(upTo: room) { target in
                var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
                var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                result = unsafe ZSTD_decompressStream(context, &to, &from)
                consumed = unsafe from.pos
                return unsafe to.pos
            }
        }
        guard ZSTD_isError(result) == 0 else {
            let code = ZSTD_getErrorCode(result)
            // The window is allocated once its size is known.
            if code == ZSTD_error_memory_allocation { endForLackOfMemory() }
            let reason = unsafe String(cString: ZSTD_getErrorName(result))
            let isHeader = code == ZSTD_error_prefix_unknown
            return DecodingStep(consumed: consumed, state: .corrupt(reason, isHeader: isHeader))
        }
        return DecodingStep(consumed: consumed, state: result == 0 ? .ended : .more)
    }
}
