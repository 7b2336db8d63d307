import ByteIO
@testable import JSONStream
import Randomness
import SeparationHarness
import Testing

/// The kernels against the scanner: the same output, and the same errors at the same positions.
struct KernelTests {
    /// The variants of splitter options.
    private static func variants() -> [SplitOptions] {
        var unwrapping = SplitOptions()
        unwrapping.unwrapPath = FieldPath([])
        var path = SplitOptions()
        path.unwrapPath = FieldPath([.member(Array("key".utf8))])
        var shallow = SplitOptions()
        shallow.maximumDepth = 3
        var short = SplitOptions()
        short.maximumLength = 100
        return [SplitOptions(), unwrapping, path, shallow, short]
    }

    /// The kernels must handle the input that they were made for, not leave it to the scanner.
    @Test(arguments: VectorKernel.allCases, [1, 2, 7, 100]) func takeValidTexts(
        kernel: VectorKernel, size: Int
    ) {
        let limits = VectorPath.Limits(depth: 1024, length: 1 << 20, takesArrays: true)
        let text = String(repeating: "é\\n", count: size)
        let compact =
            Array(#"{"id":-1.5e3,"text":"\#(text)","list":[true,null,{"a":[]},false],"z":0}"#.utf8) + [0x0A]
        let pretty = Array(
            "{ \"id\" :\n-1.5e3,\"text\":\"\(text)\",\t\"list\":[ true,null,{\"a\":[]},false],\"z\":0\n}".utf8
        )
        for (line, isVerbatim) in [(compact, true), (pretty, false)] {
            var path = VectorPath(kernel)
            var lines = ByteBuffer()
            let stream = Array([[UInt8]](repeating: line, count: 50).joined()) + (isVerbatim ? [] : [0x20])
            let found = path.run(stream.bytes, .texts, limits, into: &lines)
            #expect(found.values == 50 && found.isVerbatim == isVerbatim && !found.isRefused)
            #expect(found.consumed == line.count * 50)
            let expected = [[UInt8]](repeating: compact, count: 50).joined()
            if !isVerbatim { #expect(lines.bytes.extracting(first: found.written).array == Array(expected)) }
        }
        let elements = Array([[UInt8]](repeating: pretty + [0x2C, 0x20, 0x31, 0x2C], count: 50).joined())
        var path = VectorPath(kernel)
        var lines = ByteBuffer()
        let found = path.run(elements.bytes, .elements, limits, into: &lines)
        #expect(found.values == 100 && found.consumed == elements.count && !found.isRefused)
    }

    @Test(arguments: seeds(300)) func agreeAboutValidTexts(seed: Int) {
        var writer = RandomJSON(seed: UInt64(seed), whiteSpacePercent: [0, 5, 30, 80][seed % 4])
        writer.stream(size: 1500)
        let expected = separate(writer.pretty)
        #expect(expected.output == writer.compact, "seed \(seed)")
        expectAgreement(writer.pretty, seed: seed)
    }

    @Test(arguments: seeds(1500)) func agreeAboutMutatedTexts(seed: Int) {
        var writer = RandomJSON(seed: UInt64(seed), whiteSpacePercent: [0, 5, 30, 80][seed % 4])
        writer.stream(size: 400)
        var random = SplitMix64(seed: UInt64(seed) + 1_000_000)
        var text = writer.pretty
        for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&text, &random) }
        expectAgreement(text, seed: seed)
    }

    @Test(arguments: seeds(100)) func agreeAboutArrays(seed: Int) {
        var writer = RandomJSON(seed: UInt64(seed), whiteSpacePercent: [0, 20][seed % 2])
        writer.stream(size: 1000)
        // One array of all the texts, in every other case with an error at its end.
        let elements = writer.compact.split(separator: 0x0A).joined(separator: [0x2C, 0x20])
        let text = [0x5B] + Array(elements) + (seed % 4 < 2 ? [0x5D] : [])
        expectAgreement(text, seed: seed)
    }

    private static let zeros = String(repeating: "0", count: 150)

    /// Each rule at a block boundary; `_` stands for white space, or whole blocks of it.
    @Test(arguments: [
        "[1,_-0.5e+10_,-0,0.25,1E5,12e-3]", "[01]", "[-_1]", "[-01]", "[1._5]", "[1.]", "[1.5.5]", "[1e5.5]",
        "[1e5e5]", "[1e_5]", "[1e+]", "[1+2]", "[.5]", "[1_2]", "[tr_ue]", "[true_false]", "[true1]",
        "[1true]", "[nul]", "[falsee]", #"["a\"_\\"_,"\u00e9"]"#, #"["\u00g9"]"#, #"["\x"]"#, #"["a"_"b"]"#,
        #"["é€😀"]"#, #"[\"a"]"#, "[é]", #"{"a"_:_{"b"_:_[_]_}_,_"c"_:_{_}_}"#, #"{"a"_}"#, #"{"a":1,_}"#,
        "{1:2}", #"{"a":"b":1}"#, #"{"a":1_"b":2}"#, #"{"a":,_"b":1}"#, "{,}", "{:}", #"["a"_:1]"#, "[1_,_]",
        "[,1]", "[_}", "{_]", #"{"a":[_}]"#, #"{"a":1}_}"#, "[]_]", "[[[[[[_]]]]]]", "[]_,_[]", "{}_{}_[]",
        #"{}]_,_"a"_:_[1,_2,_3"#, "[0.\(Self.zeros).5]", "[1e\(Self.zeros)_.5]", "[1e\(Self.zeros)e5]",
        "[1.\(Self.zeros)e-\(Self.zeros)]",
    ]) func agreeAtBlockBoundaries(value: String) {
        let filler = #"{"f":"\#(String(repeating: "y", count: 140))"}"#
        for gap in ["", " ", String(repeating: " \n", count: 70)] {
            let value = value.replacing("_", with: gap)
            for padding in stride(from: 0, to: 64, by: gap.isEmpty ? 1 : 7) {
                let first = #"{"p":"\#(String(repeating: "x", count: padding))"}"#
                for text in ["\(first)\n\(value)\n\(filler)\n{}\n", "[\(first),\(value),\(filler),{}]\n"] {
                    expectAgreement(Array(text.utf8), seed: padding, inPieces: false)
                }
            }
        }
    }

    private func mutate(_ text: inout [UInt8], _ random: inout SplitMix64) {
        let bytes =
            Array("{}[],:\"\\ \n\u{1E}\u{1}0123456789-+.eEtfnulrasx".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        let place = Int.random(in: 0..<text.count, using: &random)
        let byte = bytes.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[place] = byte
        case 1: text.insert(byte, at: place)
        case 2: text.remove(at: place)
        default: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...40, using: &random)))
        }
        if text.isEmpty { text = [0x20] }
    }

    /// - Parameter inPieces: whether to test the text in pieces too, some of them too small for the kernels.
    private func expectAgreement(_ text: [UInt8], seed: Int, inPieces: Bool = true) {
        let whole: [([Int], Bool)] = [([], false)]
        let deliveries = whole + (inPieces ? [([7, 130], false), ([64, 65, 1], true)] : [])
        for (index, options) in Self.variants().enumerated() {
            let skipping = options.unwrapPath == nil
            let expected = separate(text, options, skipping: skipping)
            for kernel in VectorKernel.allCases {
                for (pieces, pauses) in deliveries {
                    let found = separate(
                        text, options, skipping: skipping,
                        Delivery(pieces: pieces, pauses: pauses, kernel: kernel))
                    #expect(found == expected, "seed \(seed), options \(index), \(kernel), pieces \(pieces)")
                }
            }
        }
    }
}
