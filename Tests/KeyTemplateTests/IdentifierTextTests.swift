import ByteIO
import Testing

@testable import KeyTemplate

@Suite struct IdentifierTextTests {
    /// RFC 9562, appendix A.6.
    @Test func uuidHasTheFormOfTheRFC() {
        let milliseconds: UInt128 = 0x017F_22E2_79B0
        let value = milliseconds << 74 | UInt128(0xCC3) << 62 | UInt128(0x18C4_DC0C_0C07_398F)
        var text = ByteBuffer()
        IdentifierText.appendUUID(value, version: 7, to: &text)
        #expect(string(text) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    /// The example of the ULID specification.
    @Test func ulidHasTheFormOfItsSpecification() {
        var text = ByteBuffer()
        IdentifierText.appendULID(UInt128(1_469_918_176_385) << 80 | 31, to: &text)
        #expect(string(text) == "01ARYZ6S41000000000000000Z")
    }

    @Test func randomBitsCountUpWithinAMillisecond() {
        var identifier = OrderedIdentifier(randomBits: 74)
        let first = identifier.next(5) { 0x8000_0000_0000_0000 }
        let second = identifier.next(5) { 7 << 32 }
        #expect(second == first + 8)
    }

    @Test func timeNeverStepsBack() {
        var identifier = OrderedIdentifier(randomBits: 74)
        let first = identifier.next(9) { 1 }
        let second = identifier.next(3) { 1 }
        #expect(second > first && second >> 74 == 9)
    }

    @Test func anOverflowAdvancesToTheNextMillisecond() {
        var identifier = OrderedIdentifier(randomBits: 40)
        var last = identifier.next(1) { .max }
        #expect(last >> 40 == 1)
        var overflows = 0
        for _ in 0..<1000 {
            let next = identifier.next(1) { .max }
            #expect(next > last)
            if next >> 40 > last >> 40 { overflows += 1 }
            last = next
        }
        #expect(overflows > 0)
    }

    @Test func kernelRandomNumbersDiffer() {
        var random = KernelRandom()
        var seen = Set<UInt64>()
        for _ in 0..<1000 { seen.insert(random.next()) }
        #expect(seen.count == 1000)
    }

    private func string(_ text: borrowing ByteBuffer) -> String {
        String(decoding: text.bytes.array, as: UTF8.self)
    }
}
