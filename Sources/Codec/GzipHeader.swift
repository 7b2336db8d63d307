import ByteIO
import Digest

/// Reads the header of a gzip member, byte by byte.
///
/// Source: RFC 1952, 2.3. The messages are those of zlib's inflate.
struct GzipHeader {
    private enum Field {
        /// The next byte's place among the ten that every header has.
        case fixed(Int)
        /// The length of the extra field: both bytes are to come, or the upper one.
        case extraLength, extraLengthRest(Int)
        /// How many bytes of the extra field are to come.
        case extra(Int)
        case name, comment
        /// The header's own checksum, of which the upper byte may be to come.
        case checksum, checksumRest(UInt8)
        case end
    }

    private static let magic: [UInt8] = [0x1F, 0x8B]
    private static let deflate: UInt8 = 8
    private static let fixedSize = 10

    /// Bits of the flags. The first one only says that the content is probably text.
    private enum Flag {
        static let checksum: UInt8 = 2
        static let extra: UInt8 = 4
        static let name: UInt8 = 8
        static let comment: UInt8 = 16
        static let unknown: UInt8 = 0xE0
    }

    private var field = Field.fixed(0)
    private var flags: UInt8 = 0
    private var sum = CRC(.crc32)
    /// What is wrong; nil if nothing is so far.
    private(set) var problem: String?

    /// Whether all of it was read.
    var isWhole: Bool { if case .end = field { true } else { false } }

    /// Reads from the start of `bytes` until the header ends, a problem is found, or there are no more bytes.
    ///
    /// - Returns: the number of bytes read.
    mutating func read(_ bytes: RawSpan) -> Int {
        var count = 0
        while count < bytes.byteCount, problem == nil, !isWhole {
            take(bytes.extracting(count..<count + 1))
            count += 1
        }
        return count
    }

    private mutating func take(_ single: RawSpan) {
        let byte = single[0]
        switch field {
        case .checksum: return field = .checksumRest(byte)
        case .checksumRest(let low):
            // The lower half of the CRC-32 of all bytes before.
            let expected = UInt64(low) | UInt64(byte) << 8
            if expected != sum.value & 0xFFFF { problem = "header crc mismatch" }
            return field = .end
        default: break
        }
        sum.update(single)
        switch field {
        case .fixed(let place): takeFixed(byte, place)
        case .extraLength: field = .extraLengthRest(Int(byte))
        case .extraLengthRest(let low):
            let length = low | Int(byte) << 8
            field = length > 0 ? .extra(length) : afterExtra
        case .extra(let left): field = left > 1 ? .extra(left - 1) : afterExtra
        case .name: if byte == 0 { field = afterName }
        case .comment: if byte == 0 { field = afterComment }
        case .checksum, .checksumRest, .end: break
        }
    }

    private mutating func takeFixed(_ byte: UInt8, _ place: Int) {
        switch place {
        case 0, 1: if byte != Self.magic[place] { problem = "incorrect header check" }
        case 2: if byte != Self.deflate { problem = "unknown compression method" }
        case 3:
            flags = byte
            if has(Flag.unknown) { problem = "unknown header flags set" }
        // The time, the compressor's effort and the system say nothing about the content.
        default: break
        }
        field = place + 1 < Self.fixedSize ? .fixed(place + 1) : has(Flag.extra) ? .extraLength : afterExtra
    }

    private func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
    private var afterExtra: Field { has(Flag.name) ? .name : afterName }
    private var afterName: Field { has(Flag.comment) ? .comment : afterComment }
    private var afterComment: Field { has(Flag.checksum) ? .checksum : .end }
}
