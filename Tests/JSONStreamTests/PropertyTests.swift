import JSONStream
import SeparationHarness
import Testing

/// What holds for every stream.
struct PropertyTests {
    private static func streams(_ seed: Int) -> RandomJSON {
        var writer = RandomJSON(seed: UInt64(seed) &* 77, whiteSpacePercent: seed % 60)
        writer.stream(size: 300)
        return writer
    }

    @Test(arguments: 0..<200) func outputIsInputWithoutInsignificantWhiteSpace(seed: Int) {
        let writer = Self.streams(seed)
        let result = separate(writer.pretty)
        #expect(result.errors.isEmpty && result.output == writer.compact, "seed \(seed): \(result)")
    }

    @Test(arguments: 0..<200) func runningTwiceChangesNothing(seed: Int) {
        let once = separate(Self.streams(seed).pretty)
        for kernel in VectorKernel.allCases {
            #expect(separate(once.output, SplitOptions(), Delivery(kernel: kernel)) == once, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<40) func anyCutGivesTheSame(seed: Int) {
        let text = Self.streams(seed).pretty
        let whole = separate(text)
        for cut in 0...text.count {
            for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
                let delivery = Delivery(pieces: [cut, text.count], pauses: cut % 2 == 0, kernel: kernel)
                #expect(separate(text, SplitOptions(), delivery) == whole, "seed \(seed), cut at \(cut)")
            }
        }
    }

    @Test(arguments: 0..<100) func whatWasSkippedAndWrittenIsTheInput(seed: Int) {
        var text = Self.streams(seed).compact
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<3 { text[Int.random(in: 0..<text.count, using: &random)] = UInt8(ascii: "}") }
        let result = separate(text, skipping: true)
        let white: Set<UInt8> = [0x0A]
        let count = (result.output + result.skipped).count { !white.contains($0) }
        #expect(count == text.count { !white.contains($0) }, "seed \(seed)")
    }
}
