import ByteIO
import Testing

/// Searching and counting in spans.
struct RawSpanTests {
    @Test(arguments: [0, 1, 31, 32, 33, 64, 255 * 32, 255 * 32 + 1, 20_000]) func countsBytes(length: Int) {
        let every = [UInt8](repeating: 0x0A, count: length)
        #expect(every.bytes.count(of: 0x0A) == length)
        #expect(every.bytes.count(of: 0x0B) == 0)
        let some = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(some.bytes.count(of: 0xFF) == some.count { $0 == 0xFF })
    }
}
