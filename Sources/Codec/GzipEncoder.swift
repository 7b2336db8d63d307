import ByteIO
import CZlib

/// Compresses one stream into one gzip member, by zlib.
///
/// Source: RFC 1952; zlib.h, deflate.
@safe package struct GzipEncoder: ~Copyable {
    /// What zlib takes for one stream (zconf.h: (1 << (windowBits+2)) + (1 << (memLevel+9))), and its output.
    package static let memory = (1 << 17) + (1 << 17) + outputSize + (8 << 10)

    private static let outputSize = 32 << 10
    /// The largest window, 15, plus 16: a gzip header and trailer instead of zlib's.
    private static let windowBits: CInt = 15 + 16

    /// zlib keeps its address, so it stays where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutablePointer<UInt8>

    /// - Parameter level: from 1, fast, to 9, small.
    package init(level: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe output = .allocate(capacity: Self.outputSize)
        let code = unsafe s3_deflate_init(stream, CInt(level), Self.windowBits)
        precondition(code == Z_OK, "zlib: no memory, or a level that is none")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
        unsafe output.deallocate()
    }

    /// Compresses `bytes`; what comes out is handed to `sink`, which must not keep it.
    package mutating func update(_ bytes: RawSpan, _ sink: (RawSpan) -> Void) {
        var offset = 0
        while offset < bytes.byteCount {
            // avail_in is 32 bits wide.
            let count = min(bytes.byteCount - offset, 1 << 30)
            deflate(bytes.extracting(offset..<offset + count), Z_NO_FLUSH, sink)
            offset += count
        }
    }

    /// Ends the member; the last call.
    package mutating func finish(_ sink: (RawSpan) -> Void) {
        let none: [UInt8] = []
        deflate(none.bytes, Z_FINISH, sink)
    }

    private mutating func deflate(_ bytes: RawSpan, _ flush: CInt, _ sink: (RawSpan) -> Void) {
        unsafe bytes.withUnsafeBytes { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(input.count)
            // Room left in the output says that zlib had no more to give.
            var isFull = true
            while isFull {
                unsafe stream.pointee.next_out = unsafe output
                unsafe stream.pointee.avail_out = UInt32(Self.outputSize)
                unsafe CZlib.deflate(stream, flush)
                isFull = unsafe stream.pointee.avail_out == 0
                let count = unsafe Self.outputSize - Int(stream.pointee.avail_out)
                if count > 0 {
                    sink(
                        unsafe RawSpan(
                            _unsafeBytes: UnsafeRawBufferPointer(start: output, count: count)))
                }
            }
        }
    }
}
