import ByteIO
import CZlib
import Digest

/// One gzip member, made of blocks that are compressed independently.
///
/// Each block is a piece of one deflate stream that ends on a byte boundary, with the end of the block before as its
/// dictionary. The member's checksum is combined from those of the blocks.
///
/// Source: RFC 1952; zlib.h, deflateSetDictionary.
struct GzipMember {
    /// How far deflate looks back. Source: RFC 1951, 2.
    fileprivate static let window = 32 << 10
    private static let headerSize = 10

    private let level: Int
    private var end: ByteBlock?
    private var checksum = CRC(.crc32)
    private var count = 0
    private var isBegun = false

    init(level: Int) { self.level = level }

    /// The memory for dictionaries, in bytes.
    var memory: Int { end?.capacity ?? 0 }

    /// Makes the work for the next block.
    mutating func piece(_ input: ByteBlock, isLast: Bool) -> CompressionPiece {
        let piece = GzipPiece(input, after: end, level: level, isLast: isLast)
        let bytes = input.bytes
        end = isLast ? nil : ByteBlock(bytes.extracting(droppingFirst: max(0, bytes.byteCount - Self.window)))
        return piece
    }

    /// Adds header and trailer to a block's output; called in the order of the blocks.
    mutating func complete(_ piece: CompressionPiece) {
        guard let piece = piece as? GzipPiece else { return }
        checksum = checksum.combined(with: piece.checksum, count: piece.input.count)
        count += piece.input.count
        if !isBegun {
            isBegun = true
            let whole = ByteBlock(capacity: Self.headerSize + piece.output.count + 8)
            let header = header
            whole.append(header.bytes)
            let output = piece.output
            whole.append(output.bytes)
            piece.output = whole
        }
        guard piece.isLast else { return }
        let size = UInt32(truncatingIfNeeded: count)
        let sizeBytes = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * UInt32($0))) }
        let trailer = checksum.bigEndianBytes.reversed() + sizeBytes
        piece.output.append(trailer.bytes)
    }

    /// As zlib writes it: no time, no name, system Unix.
    private var header: [UInt8] {
        [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, level == 9 ? 2 : level == 1 ? 4 : 0, 3]
    }
}

/// A block of a member.
private final class GzipPiece: CompressionPiece {
    let isLast: Bool
    private(set) var checksum = CRC(.crc32)
    private let before: ByteBlock?
    private let level: Int

    init(_ input: ByteBlock, after before: ByteBlock?, level: Int, isLast: Bool) {
        self.before = before
        self.level = level
        self.isLast = isLast
        super.init(input)
    }

    override func run(in workspace: Workspace) {
        let input = input
        checksum.update(input.bytes)
        let deflater = deflater(in: workspace)
        if let before { deflater.lookBack(at: before.bytes) }
        output = deflater.deflate(input.bytes, isLast: isLast)
        workspace.keep(deflater)
    }

    /// The thread's own, if it has the right level: a new one costs as much as the compression of some kilobytes.
    private func deflater(in workspace: Workspace) -> Deflater {
        guard let kept = workspace.take(Deflater.self), kept.level == level else {
            return Deflater(level: level)
        }
        kept.restart()
        return kept
    }
}

/// A raw deflate stream.
@safe private final class Deflater {
    /// The end of a block that is not the last: an empty deflate block, up to the next byte boundary.
    private static let flushed = 16

    /// zlib keeps a pointer to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    let level: Int

    init(level: Int) {
        self.level = level
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // The largest window; negative means a raw stream.
        let code = unsafe s3_deflate_init(stream, CInt(level), -15)
        if code == Z_MEM_ERROR { endForLackOfMemory() }
        precondition(code == Z_OK, "zlib: the level is invalid")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Begins another stream.
    func restart() { unsafe deflateReset(stream) }

    func lookBack(at bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes {
            let typed = unsafe $0.assumingMemoryBound(to: UInt8.self)
            // It fails only in the middle of a block, and the stream has just begun.
            _ = unsafe deflateSetDictionary(stream, typed.baseAddress, UInt32(typed.count))
        }
    }

    func deflate(_ bytes: RawSpan, isLast: Bool) -> ByteBlock {
        let room = unsafe Int(deflateBound(stream, UInt(bytes.byteCount))) + Self.flushed
        let output = ByteBlock(capacity: room)
        unsafe bytes.withUnsafeBytes { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(input.count)
            unsafe output.append(upTo: room) { target in
                unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(target.count)
                unsafe CZlib.deflate(stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
                return unsafe target.count - Int(stream.pointee.avail_out)
            }
            // Without room left, zlib may hold output back.
            precondition(
                unsafe stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0,
                "zlib: the bound was too small")
        }
        return output
    }
}
