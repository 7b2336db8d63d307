import ByteIO

/// A time and random bits in 128 bits; each value is greater than the one before.
///
///     UUID version 7    48 bits ms | 74 random    (RFC 9562, 5.7; version and variant are inserted)
///     ULID              48 bits ms | 80 random
///
/// Each millisecond gets new random bits, the first of them 0 to leave room. Within a millisecond they grow by a
/// random amount, which keeps the order and stays hard to guess: RFC 9562, 6.2, method 2.
struct OrderedIdentifier {
    private let randomBits: Int
    private var milliseconds: UInt64 = 0
    private var random: UInt128 = 0

    /// - Parameter randomBits: how many bits follow the time.
    init(randomBits: Int) { self.randomBits = randomBits }

    /// The next value, time and random bits side by side in its low bits.
    ///
    /// - Parameters:
    ///   - now: milliseconds since the epoch. If that is before the last value's time, the last value's time is used.
    ///   - source: called for 64 random bits at a time.
    mutating func next(_ now: UInt64, random source: () -> UInt64) -> UInt128 {
        if now > milliseconds {
            begin(now, source)
        } else {
            random += UInt128(source() >> 32) + 1
            if random >> randomBits != 0 { begin(milliseconds + 1, source) }
        }
        return UInt128(milliseconds & 0xFFFF_FFFF_FFFF) << randomBits | random
    }

    private mutating func begin(_ time: UInt64, _ source: () -> UInt64) {
        milliseconds = time
        random = (UInt128(source()) << 64 | UInt128(source())) >> (128 - randomBits + 1)
    }
}

/// The text of identifiers.
enum IdentifierText {
    /// Source: the ULID specification; Crockford's alphabet without I, L, O and U.
    private static let crockford = [UInt8]("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// A UUID of 122 free bits, with version and variant inserted (RFC 9562, 4).
    static func appendUUID(_ free: UInt128, version: UInt8, to text: inout ByteBuffer) {
        let high =
            UInt64(truncatingIfNeeded: free >> 74) << 16 | UInt64(version) << 12
            | UInt64(truncatingIfNeeded: free >> 62) & 0xFFF
        let low = UInt64(truncatingIfNeeded: free) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        // 8-4-4-4-12
        Hexadecimal.append(high >> 32, digits: 8, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(high >> 16, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(high, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(low >> 48, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Hexadecimal.append(low, digits: 12, to: &text)
    }

    /// 26 characters of five bits, the first of two zeros and the first three bits.
    static func appendULID(_ value: UInt128, to text: inout ByteBuffer) {
        for shift in stride(from: 125, through: 0, by: -5) {
            text.append(crockford[Int(truncatingIfNeeded: value >> UInt128(shift)) & 31])
        }
    }
}
