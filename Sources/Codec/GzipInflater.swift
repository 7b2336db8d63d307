import ByteIO
import CZlib

/// Decompresses consecutive gzip members.
///
/// Source: RFC 1952; zlib's manual, inflate.
@safe final class GzipInflater {
    /// zlib's memory for one stream, in bytes (zconf.h: 1 << windowBits, and about 7 KiB).
    private static let inflateMemory = (1 << 15) + (8 << 10)

    /// zlib keeps a pointer to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 16 is added to the largest window: zlib then expects and verifies gzip's header and trailer.
        let status = unsafe s3_inflate_init(stream, 15 + 16)
        if status == Z_MEM_ERROR { endForLackOfMemory() }
        precondition(status == Z_OK, "zlib cannot be initialised")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    var memory: Int { Self.inflateMemory }

    /// Another member follows.
    func restart() { unsafe inflateReset(stream) }

    /// Decompresses from `input` and appends at most `room` bytes to `output`.
    func step(_ input: RawSpan, _ output: ByteBlock, _ room: Int) -> DecodingStep {
        var status = Z_OK
        var consumed = 0
        unsafe input.withUnsafeBytes { source in
            unsafe output.append(upTo: room) { target in
                let available = UInt32(clamping: source.count)
                let free = UInt32(clamping: target.count)
                unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(
                    mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                unsafe stream.pointee.avail_in = available
                unsafe stream.pointee.next_out = unsafe target.baseAddress?.assumingMemoryBound(
                    to: UInt8.self)
                unsafe stream.pointee.avail_out = free
                status = unsafe inflate(stream, Z_NO_FLUSH)
                consumed = unsafe Int(available - stream.pointee.avail_in)
                return unsafe Int(free - stream.pointee.avail_out)
            }
        }
        return DecodingStep(consumed: consumed, state: state(status))
    }

    private func state(_ status: CInt) -> DecodingStep.State {
        switch status {
        case Z_STREAM_END: .ended
        case Z_OK, Z_BUF_ERROR: .more
        default: .corrupt(reason(status), isHeader: unsafe stream.pointee.total_out == 0)
        }
    }

    private func reason(_ status: CInt) -> String {
        guard let message = unsafe stream.pointee.msg else { return "zlib error \(status)" }
        return unsafe String(cString: message)
    }
}
