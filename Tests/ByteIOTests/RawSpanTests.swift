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

    @Test(arguments: [0, 1, 15, 16, 17, 100]) func findsALowByte(length: Int) {
        let high = [UInt8](repeating: 0x21, count: length)
        let none = high.bytes.hasByte(upTo: 0x20)
        #expect(!none)
        for place in 0..<length {
            var bytes = high
            bytes[place] = 0x20
            let one = bytes.bytes.hasByte(upTo: 0x20)
            #expect(one)
        }
    }

    @Test func readsDecimals() {
        let cases: [(String, Int?)] = [
            ("0", 0), ("007", 7), ("9223372036854775807", Int.max), ("9223372036854775808", nil),
            ("99999999999999999999", nil), ("", nil), ("+1", nil), ("-1", nil), ("1 ", nil), ("1a", nil),
        ]
        for (text, number) in cases {
            let bytes = [UInt8](text.utf8)
            #expect(bytes.bytes.decimal == number, "\(text)")
        }
    }
}
