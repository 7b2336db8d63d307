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

    @Test(arguments: ["", "a", "ab", "b", "abc"]) func equalsOnlyTheSame(text: String) {
        let bytes = [UInt8](text.utf8)
        for other in ["", "a", "ab", "b", "abc"] {
            let isEqual = bytes.bytes.equals([UInt8](other.utf8))
            #expect(isEqual == (text == other), "\(other)")
        }
    }
}
