import ByteIO
import JSONStream
import Randomness
import Testing

/// The lookup and a simple reference agree on which texts are valid JSON and where the values are.
@Suite struct FieldLookupDifferentialTests {
    @Test(arguments: [UInt64(1), 20_260_501, .random(in: 0...UInt64.max)])
    func agreesWithTheReference(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let names = [".a", ".a.b", ".a.a.b", ".b[1]", ".b[0].a", ".[1]", ".[0].b", "."]
        var lookup = FieldLookup(try names.map { try #require(FieldPath($0)) })
        for _ in seeds(1500) {
            var text = [UInt8](json(depth: 4, &random).utf8)
            if Bool.random(using: &random) { mutate(&text, &random) }
            let reference = ReferenceValue(text)
            let shown = String(decoding: text, as: UTF8.self)
            let isJSON = (try? lookup.find(in: text.bytes)) != nil
            #expect(isJSON == (reference != nil), "seed \(seed): \(shown)")
            guard isJSON, let reference else { continue }
            let expected: [ReferenceValue?] = [
                reference.member("a"), reference.member("a")?.member("b"),
                reference.member("a")?.member("a")?.member("b"), reference.member("b")?.element(1),
                reference.member("b")?.element(0)?.member("a"), reference.element(1),
                reference.element(0)?.member("b"), reference,
            ]
            for (path, value) in expected.enumerated() {
                #expect(isSame(lookup.value(path), value), "seed \(seed): \(names[path]) of \(shown)")
            }
        }
    }

    /// The lookup reports the errors of the scanner, with the same offset and expectation.
    @Test(arguments: [UInt64(2), 20_261_128, .random(in: 0...UInt64.max)])
    func failsWhereTheScannerDoes(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var lookup = FieldLookup([try #require(FieldPath(".a.b"))])
        for _ in seeds(3000) {
            var text = [UInt8](json(depth: 3, &random).utf8)
            mutate(&text, &random)
            // The lookup does not validate bytes above 0x7F.
            guard text.bytes.isUTF8 else { continue }
            var found: FieldLookup.Malformed?
            do throws(FieldLookup.Malformed) { try lookup.find(in: text.bytes) } catch { found = error }
            #expect(found == failure(of: text), "seed \(seed): \(String(decoding: text, as: UTF8.self))")
        }
    }

    /// The scanner's error for `text`, which must be one value; nil if it is.
    private func failure(of text: [UInt8]) -> FieldLookup.Malformed? {
        var scanner = JSONScanner(maximumDepth: .max)
        var offset = 0
        var isOver = false
        while true {
            var event = scanner.next(text.bytes, at: &offset)
            if event == .needsBytes { event = scanner.finish() }
            switch event {
            case .ended: isOver = true
            case .began where isOver: return FieldLookup.Malformed(offset: offset, expected: .lineEnd)
            case .failed(let reason):
                return FieldLookup.Malformed(offset: offset, expected: isOver ? .lineEnd : reason.expected)
            case .needsBytes: return isOver ? nil : FieldLookup.Malformed(offset: offset, expected: .text)
            default: break
            }
        }
    }

    private func isSame(_ found: FieldValue, _ reference: ReferenceValue?) -> Bool {
        switch (found.kind, reference) {
        case (.missing, nil), (.object, .object), (.array, .array): true
        case (.string, .scalar(let range)): found.range == range.lowerBound + 1..<range.upperBound - 1
        case (.null, .scalar(let range)), (.true, .scalar(let range)), (.false, .scalar(let range)),
            (.number, .scalar(let range)):
            found.range == range
        default: false
        }
    }

    private func json(depth: Int, _ random: inout SplitMix64) -> String {
        let space = ["", "", "", " ", "\t ", "\r\n"].randomElement(using: &random) ?? ""
        switch depth > 0 ? Int.random(in: 0..<6, using: &random) : 0 {
        case 1, 2, 3:
            let members = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                let name = ["a", "b", "a", "\\u0061", "ab", "", "a\\\"", "longer than a word"].randomElement(
                    using: &random)
                return "\(space)\"\(name ?? "")\"\(space):\(json(depth: depth - 1, &random))"
            }
            return "\(space){\(members.joined(separator: ","))\(space)}\(space)"
        case 4, 5:
            let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                json(depth: depth - 1, &random)
            }
            return "\(space)[\(elements.joined(separator: ","))\(space)]"
        default:
            let scalars = [
                "0", "-1", "12.50", "1e9", "true", "false", "null", "\"\"", "\"x\"", "\"{\\\"a\\\":1}\"",
                "\"eight by\"", "\"\\\\\"", "\"\\u00e9é日本\"",
            ]
            return space + (scalars.randomElement(using: &random) ?? "0") + space
        }
    }

    private func mutate(_ text: inout [UInt8], _ random: inout SplitMix64) {
        let place = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.remove(at: place)
        case 1: text.removeSubrange(place...)
        case 2: text[place] = Array("{}[],:\"\\ 01-.eEtfnu\u{1}".utf8).randomElement(using: &random) ?? 0
        default: text.insert(Array("{}[],:\"\\ 0-.e".utf8).randomElement(using: &random) ?? 0, at: place)
        }
    }
}
