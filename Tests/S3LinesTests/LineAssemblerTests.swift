import ByteIO
import Randomness
import Testing

@testable import S3Lines

extension LineAssembler {
    fileprivate mutating func append(_ slice: ByteSlice) -> [ByteSlice] {
        var lines: [ByteSlice] = []
        append(slice, to: &lines)
        return lines
    }

    fileprivate mutating func end() -> [ByteSlice] {
        var lines: [ByteSlice] = []
        end(&lines)
        return lines
    }
}

struct LineAssemblerTests {
    private func slice(_ text: String) -> ByteSlice {
        let bytes = [UInt8](text.utf8)
        return ByteSlice(ByteBlock(bytes.bytes))
    }

    private func text(_ slices: [ByteSlice]) -> String {
        String(decoding: slices.flatMap { $0.bytes.array }, as: UTF8.self)
    }

    @Test func keepsTheStartOfALineUntilItsEndArrives() {
        var lines = LineAssembler(limit: 100)
        #expect(text(lines.append(slice("ab"))) == "")
        #expect(text(lines.append(slice("c\nd\ne"))) == "abc\nd\n")
        #expect(lines.carried == 1)
        #expect(text(lines.append(slice("\n"))) == "e\n")
        #expect(text(lines.append(slice("last"))) == "")
        #expect(text(lines.end()) == "last")
        #expect(lines.carried == 0)
    }

    @Test func returnsAFragmentOnlyOfALineLongerThanTheLimit() {
        var lines = LineAssembler(limit: 5)
        #expect(text(lines.append(slice("12345"))) == "")
        #expect(!lines.isInsideLine)
        #expect(text(lines.append(slice("6"))) == "123456")
        #expect(lines.isInsideLine)
        #expect(text(lines.append(slice("7"))) == "7", "what follows need not wait")
        #expect(text(lines.append(slice("8\nab"))) == "8\n")
        #expect(!lines.isInsideLine)
        #expect(lines.carried == 2)
    }

    @Test(arguments: 0..<200)
    func anySplitGivesTheSameBytesAndOnlyWholeLines(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...300, using: &random) {
            bytes.append(Int.random(in: 0..<8, using: &random) == 0 ? 0x0A : 0x61)
        }
        let limit = Int.random(in: 1...40, using: &random)
        var lines = LineAssembler(limit: limit)
        var written: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 1...30, using: &random)))
            rest = rest.dropFirst(piece.count)
            let out = lines.append(ByteSlice(ByteBlock(piece.bytes))).flatMap { $0.bytes.array }
            written += out
            if !out.isEmpty, !lines.isInsideLine { #expect(written.last == 0x0A, "seed \(seed)") }
            #expect(lines.carried <= max(limit, piece.count), "seed \(seed)")
        }
        written += lines.end().flatMap { $0.bytes.array }
        #expect(written == bytes, "seed \(seed)")
    }
}
