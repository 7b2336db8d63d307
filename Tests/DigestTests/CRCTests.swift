import ByteIO
import Digest
import Testing

@Suite struct CRCTests {
    static let algorithms: [CRCAlgorithm] = [.crc32, .crc32c, .crc64nvme]

    /// Pseudorandom bytes.
    static let noise: [UInt8] = {
        var state: UInt64 = 1
        return (0..<2100).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }()

    /// Computes a CRC bit by bit as defined, with the reflected polynomial without its highest power.
    private static func bitwise(_ bytes: ArraySlice<UInt8>, _ algorithm: CRCAlgorithm) -> UInt64 {
        let (polynomial, mask): (UInt64, UInt64) =
            switch algorithm {
            case .crc32: (0xEDB8_8320, 0xFFFF_FFFF)
            case .crc32c: (0x82F6_3B78, 0xFFFF_FFFF)
            case .crc64nvme: (0x9A6C_9329_AC4B_C9B5, .max)
            }
        var value = mask
        for byte in bytes {
            value ^= UInt64(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
        }
        return value ^ mask
    }

    /// Check values from the Catalogue of parametrised CRC algorithms; those of 32 bytes of 0 and FF from RFC
    /// 3720, B.4.
    @Test(arguments: [
        (CRCAlgorithm.crc32, 0xCBF4_3926 as UInt64), (.crc32c, 0xE306_9283),
        (.crc64nvme, 0xAE8B_1486_0A79_9888),
    ])
    func checkValue(algorithm: CRCAlgorithm, value: UInt64) {
        let digits = [UInt8]("123456789".utf8)
        #expect(CRC.checksum(digits.bytes, algorithm).value == value)
        #expect(CRC(algorithm, value).bigEndianBytes.reduce(0) { $0 << 8 | UInt64($1) } == value)
        #expect(CRC(algorithm, value).bigEndianBytes.count == algorithm.size)
    }

    @Test func valuesOfTheISCSIStandard() {
        #expect(CRC.checksum([UInt8](repeating: 0, count: 32).bytes, .crc32c).value == 0x8A91_36AA)
        #expect(CRC.checksum([UInt8](repeating: 0xFF, count: 32).bytes, .crc32c).value == 0x62A8_AB43)
    }

    @Test(arguments: algorithms) func allLengthsAndOffsetsMatchTheBitwiseComputation(algorithm: CRCAlgorithm)
    {
        let noise = Self.noise
        for count in 0...1000 {
            let start = count % 17
            let bytes = noise.bytes.extracting(start..<start + count)
            var fast = CRC(algorithm)
            fast.update(bytes)
            var portable = CRC(algorithm)
            portable.updatePortably(bytes)
            let expected = Self.bitwise(noise[start..<start + count], algorithm)
            #expect(fast.value == expected && portable == fast, "\(count) bytes from \(start)")
        }
    }

    @Test(arguments: algorithms) func piecesCombineToTheWhole(algorithm: CRCAlgorithm) {
        let noise = Self.noise
        let whole = CRC.checksum(noise.bytes, algorithm)
        for count in Array(0...200) + [1000, 2099, 2100] {
            let head = CRC.checksum(noise.bytes.extracting(first: count), algorithm)
            let rest = noise.bytes.extracting(droppingFirst: count)
            var continued = head
            continued.update(rest)
            #expect(continued == whole)
            let tail = CRC.checksum(rest, algorithm)
            #expect(head.combined(with: tail, count: rest.byteCount) == whole, "combined at \(count)")
        }
    }

    /// Lengths beyond 32 bits: zeros, whose checksum is combined from two halves repeatedly.
    @Test(arguments: algorithms) func veryLongPiecesCombine(algorithm: CRCAlgorithm) {
        var count = 1
        var zeros = CRC.checksum([0].bytes, algorithm)
        for _ in 0..<36 {
            zeros = zeros.combined(with: zeros, count: count)
            count *= 2
        }
        let one = CRC.checksum([1].bytes, algorithm)
        let atOnce = one.combined(with: zeros, count: count)
        // The same length combined from two parts.
        var half = CRC.checksum([0].bytes, algorithm)
        for step in 0..<35 { half = half.combined(with: half, count: 1 << step) }
        let inSteps = one.combined(with: half, count: count / 2).combined(with: half, count: count / 2)
        #expect(atOnce == inSteps)
    }
}
