import JSONStream
import Randomness
import SeparationHarness
import Testing

/// Properties of every stream.
struct SeparationPropertyTests {
    private static func streams(_ seed: Int) -> RandomJSON {
        var writer = RandomJSON(seed: UInt64(seed) &* 77, whiteSpacePercent: seed % 60)
        writer.stream(size: 300)
        return writer
    }

    @Test(arguments: seeds(200)) func outputIsInputWithoutInsignificantWhiteSpace(seed: Int) {
        let writer = Self.streams(seed)
        let result = separate(writer.pretty)
        #expect(result.errors.isEmpty && result.output == writer.compact, "seed \(seed): \(result)")
    }

    @Test(arguments: seeds(200)) func runningTwiceChangesNothing(seed: Int) {
        let once = separate(Self.streams(seed).pretty)
        for kernel in VectorKernel.allCases {
            #expect(separate(once.output, SplitOptions(), Delivery(kernel: kernel)) == once, "seed \(seed)")
        }
    }

    @Test(arguments: seeds(40)) func anySplitGivesTheSame(seed: Int) {
        let text = Self.streams(seed).pretty
        let whole = separate(text)
        for cut in 0...text.count {
            for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
                let delivery = Delivery(pieces: [cut, text.count], pauses: cut % 2 == 0, kernel: kernel)
                #expect(separate(text, SplitOptions(), delivery) == whole, "seed \(seed), cut at \(cut)")
            }
        }
    }

    @Test(arguments: seeds(100)) func resumingInsideAFailedValueGivesTheSameResult(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed) &+ 4000)
        let pieces = [
            "[\n", "{\n", "[", "{", "\"a\":", "\"b\\\"[\":", ",\n", ",", "]\n", "}\n", "]", "}", "1", " ",
            "\n", "2\n", "\"x\"",
            "true", "\"\\n\"", "[1]", "[1],\n", "{\"a\":\n", "[1,\n", "[2,\n", "{\"b\": [\n", "\u{1E}", "x",
            "\"\n",
        ]
        for round in 0..<20 {
            var text: [UInt8] = []
            let count = Int.random(in: 1...40, using: &random)
            for _ in 0..<count { text += Array((pieces.randomElement(using: &random) ?? "").utf8) }
            var options = SplitOptions()
            options.maximumDepth = [1024, 2, 3, 5].randomElement(using: &random) ?? 0
            options.maximumLength = [1 << 20, 4, 7, 12, 20, 33].randomElement(using: &random) ?? 0
            let again = separate(text, options, skipping: true, Delivery(resumesInside: false))
            for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
                let size = Int.random(in: 1...9, using: &random)
                let delivery = Delivery(pieces: [size], pauses: round % 2 == 0, kernel: kernel)
                let result = separate(text, options, skipping: true, delivery)
                #expect(
                    result == again, "seed \(seed), round \(round): \(String(decoding: text, as: UTF8.self))")
            }
        }
    }

    /// Each line starts a value that fails at the end; the rest must not be scanned again for each.
    @Test(arguments: ["[\n", "[\n[1]\n,\n", "{\"a\":\n{\"b\":\n[\n"]) func manyValueStartsCostOneScan(
        _ beginning: String
    ) {
        var options = SplitOptions()
        options.maximumDepth = 1 << 20
        let head = String(repeating: beginning, count: 2000)
        let result = separate(head + String(repeating: "1,\n", count: 10_000), options, skipping: true)
        #expect(result.errors.count >= 2000)
        #expect(result.errors.contains { $0.reason.found == .endOfInput })
    }

    @Test(arguments: seeds(100)) func skippedAndWrittenBytesAreTheInput(seed: Int) {
        var text = Self.streams(seed).compact
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<3 { text[Int.random(in: 0..<text.count, using: &random)] = UInt8(ascii: "}") }
        let result = separate(text, skipping: true)
        let white: Set<UInt8> = [0x0A]
        let count = (result.output + result.skipped).count { !white.contains($0) }
        #expect(count == text.count { !white.contains($0) }, "seed \(seed)")
    }
}
