import ByteIO
import CZlib
import Digest

/// Decompresses consecutive gzip members.
///
/// zlib decompresses the raw deflate stream. Header and trailer are read here: zlib would compute the CRC-32 without
/// carry-less multiplication, which takes a sixth of the time.
///
/// Source: RFC 1952; zlib's manual, inflate.
@safe final class GzipInflater {
    private enum Part {
        case header, data, trailer
    }

    /// zlib's memory for one stream, in bytes (zconf.h: 1 << windowBits, and about 7 KiB).
    private static let inflateMemory = (1 << 15) + (8 << 10)
    private static let trailerSize = 8

    /// zlib keeps a pointer to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var part = Part.header
    private var header = GzipHeader()
    private var trailer: [UInt8] = []
    // Of the member's content.
    private var checksum = CRC(.crc32)
    private var size = 0

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // The largest window; negative means a raw stream.
        let status = unsafe s3_inflate_init(stream, -15)
        if status == Z_MEM_ERROR { endForLackOfMemory() }
        precondition(status == Z_OK, "zlib cannot be initialized")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    var memory: Int { Self.inflateMemory }

    /// Another member follows.
    func restart() {
        unsafe inflateReset(stream)
        part = .header
        header = GzipHeader()
        trailer.removeAll(keepingCapacity: true)
        checksum = CRC(.crc32)
        size = 0
    }

    /// Decompresses from `input` and appends at most `room` bytes to `output`.
    func step(_ input: RawSpan, _ output: ByteBlock, _ room: Int) -> DecodingStep {
        var used = 0
        if part == .header {
            used = header.read(input)
            if let problem = header.problem { return corrupt(problem, used) }
            guard header.isWhole else { return DecodingStep(consumed: used, state: .more) }
            part = .data
        }
        if part == .data {
            let status = inflate(input.extracting(droppingFirst: used), &used, output, room)
            // The window is allocated for the first output.
            if status == Z_MEM_ERROR { endForLackOfMemory() }
            guard status == Z_STREAM_END else {
                let isFine = status == Z_OK || status == Z_BUF_ERROR
                return isFine ? DecodingStep(consumed: used, state: .more) : corrupt(reason(status), used)
            }
            part = .trailer
        }
        let count = min(Self.trailerSize - trailer.count, input.byteCount - used)
        trailer += input.extracting(used..<used + count).array
        used += count
        guard trailer.count == Self.trailerSize else { return DecodingStep(consumed: used, state: .more) }
        if number(trailer.prefix(4)) != checksum.value { return corrupt("incorrect data check", used) }
        // The size modulo 2^32.
        if number(trailer.suffix(4)) != UInt64(size) & 0xFFFF_FFFF {
            return corrupt("incorrect length check", used)
        }
        return DecodingStep(consumed: used, state: .ended)
    }

    private func inflate(_ input: RawSpan, _ used: inout Int, _ output: ByteBlock, _ room: Int) -> CInt {
        var status = Z_OK
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
                status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                used += unsafe Int(available - stream.pointee.avail_in)
                let count = unsafe Int(free - stream.pointee.avail_out)
                // While the bytes are in the processor's cache.
                checksum.update(unsafe RawSpan(_unsafeBytes: target.prefix(count)))
                size += count
                return count
            }
        }
        return status
    }

    /// Least significant byte first.
    private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func corrupt(_ reason: String, _ used: Int) -> DecodingStep {
        DecodingStep(consumed: used, state: .corrupt(reason, isHeader: part == .header))
    }

    private func reason(_ status: CInt) -> String {
        guard let message = unsafe stream.pointee.msg else { return "zlib error \(status)" }
        return unsafe String(cString: message)
    }
}
