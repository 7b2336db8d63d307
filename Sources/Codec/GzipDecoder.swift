package import ByteIO
import CZlib

/// What is wrong with compressed bytes.
package enum GzipError: Error, Equatable, Sendable, CustomStringConvertible {
    /// They end before their last member does.
    case truncated
    /// They are not what a compressor makes, or their checksum is wrong; zlib's words.
    case corrupt(String)
    /// Behind a whole member comes something that is neither another one nor padding with zeros.
    case trailingGarbage

    package var description: String {
        switch self {
        case .truncated: "gzip: the data ends too early"
        case .corrupt(let reason): "gzip: \(reason)"
        case .trailingGarbage: "gzip: something else follows the compressed data"
        }
    }
}

/// Decompresses gzip data of one or more members, piece by piece. Zeros between and behind members are padding.
///
/// Source: RFC 1952; zlib's manual, inflate.
@safe package struct GzipDecoder: ~Copyable {
    /// What every member begins with: two magic numbers and the only method there is (RFC 1952, 2.3.1).
    package static let magic: [UInt8] = [0x1F, 0x8B, 0x08]

    /// zlib keeps a pointer to it, so it stays where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isBetweenMembers = false
    private var membersEnded = 0

    package init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 16 more than the largest window: gzip's header and trailer are expected and verified.
        let status = unsafe s3_inflate_init(stream, 15 + 16)
        precondition(status == Z_OK, "zlib cannot be initialised")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decompresses from `input`, at most `room` bytes, which are appended to `output`.
    ///
    /// - Returns: how many bytes of `input` were used: all of them unless `room` was too little.
    package mutating func decode(_ input: RawSpan, into output: ByteBlock, room: Int) throws(GzipError) -> Int
    {
        var used = 0
        var left = room
        while left > 0 {
            if isBetweenMembers {
                // Tapes and block devices pad with zeros; gzip(1) passes them over too.
                while used < input.byteCount, input[used] == 0 { used += 1 }
                guard used < input.byteCount else { break }
                // zlib would notice only at the third byte, and call it corrupt.
                guard input[used] == Self.magic[0] else { throw .trailingGarbage }
                unsafe inflateReset(stream)
                isBetweenMembers = false
            }
            let before = output.count
            let (consumed, status) = inflate(input.extracting(droppingFirst: used), into: output, room: left)
            used += consumed
            left -= output.count - before
            switch status {
            case Z_STREAM_END:
                isBetweenMembers = true
                membersEnded += 1
            case Z_OK, Z_BUF_ERROR:
                // Either the input is used up or there is no room.
                if used == input.byteCount && left > 0 { return used }
            default:
                // What follows a whole member and has no header like one is none.
                let isGarbage = unsafe membersEnded > 0 && stream.pointee.total_out == 0
                throw isGarbage ? .trailingGarbage : .corrupt(reason(status))
            }
        }
        return used
    }

    private func reason(_ status: CInt) -> String {
        guard let message = unsafe stream.pointee.msg else { return "zlib says \(status)" }
        return unsafe String(cString: message)
    }

    private func inflate(_ input: RawSpan, into output: ByteBlock, room: Int) -> (consumed: Int, status: CInt)
    {
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
                status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                consumed = unsafe Int(available - stream.pointee.avail_in)
                return unsafe Int(free - stream.pointee.avail_out)
            }
        }
        return (consumed, status)
    }

    /// The input has ended.
    ///
    /// - Throws: `truncated` unless a member had just ended.
    package func end() throws(GzipError) {
        guard isBetweenMembers else { throw .truncated }
    }
}
