import JSONStream
import Randomness
import SeparationHarness
import Testing

/// One value on each line: `SplitOptions.isLineWise`.
struct LineWiseTests {
    @Test(
        arguments: [
            ("{\"a\": 1}\n[2]\n\n \t\r\n3\r\n\"x\"", [#"{"a":1}"#, "[2]", "3", #""x""#], "", []),
            (
                "{}{}\n1\n", ["1"], "{}{}\n",
                ["1:3 (byte 2, value 1): expected the end of the line, after its value"]
            ),
            ("1 2\n3\n", ["3"], "1 2\n", ["1:3 (byte 2, value 1): expected the end of the line"]),
            (
                "[1,\n2]\n3\n", ["3"], "[1,\n2]\n",
                ["1:4 (byte 3, value 1): expected a value, found the end of the line", "2:2"]
            ),
            (
                "text\n{\"a\":1}\ntext [1]\n[2]", [#"{"a":1}"#, "[2]"], "text\ntext [1]\n",
                ["1:2 (byte 1", "3:2 (byte 14"]
            ),
            (
                "1,2\n3,\n4\n", ["4"], "1,2\n3,\n",
                ["1:2 (byte 1, value 1): expected the end of the line", "2:2"]
            ),
            (
                "\u{1E}1\n2\n3\u{1E}\n", ["2"], "\u{1E}1\n3\u{1E}\n",
                ["1:1 (byte 0, value 1): expected a line with one value", "3:2"]
            ),
            ("\u{FEFF}1\n\u{FEFF}2\n", ["1"], "\u{FEFF}2\n", ["2:1 (byte 5, value 2)"]),
            (
                "\"a\n\"b\"\ntru\n-\n1.\ntrue", [#""b""#, "true"], "\"a\ntru\n-\n1.\n",
                ["1:3", "3:4", "4:2", "5:3"]
            ),
            ("[1", [], "[1", ["1:3 (byte 2, value 1): expected ',' or ']', found the end of the input"]),
            ("", [], "", []), ("\n\n", [], "", []), ("x", [], "x", ["1:1"]),
        ] as [(String, [String], String, [String])])
    func acceptsOneValuePerLine(input: String, lines: [String], skipped: String, messages: [String]) {
        var options = SplitOptions()
        options.isLineWise = true
        let result = separated(input, options, skipping: true)
        #expect(result.lines == lines)
        #expect(result.skipped == text(Array(skipped.utf8)))
        #expect(result.messages.count == messages.count)
        for (message, start) in zip(result.messages, messages) {
            #expect(message.hasPrefix(start), "\(message)")
        }
    }

    @Test func limitsTheLengthOfLines() {
        var options = SplitOptions()
        options.isLineWise = true
        options.maximumLength = 70
        let fitting = "\"" + String(repeating: "a", count: 68) + "\""
        let result = separated("\(fitting)\n\(fitting) \n[\(fitting)]\n\(fitting)", options, skipping: true)
        #expect(result.lines == [fitting, fitting, fitting])
        #expect(
            result.messages.map { $0.prefix(55) } == [
                "3:71 (byte 213, value 3): expected at most 70 bytes in "
            ])
    }

    /// Any input, split in any way: each line gives the same result as by itself.
    @Test(arguments: 0..<60) func linesAreIndependent(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let pieces = [
            "{\"a\":1}", "[1, 2]", "\n", "\n", "\n", " ", "x", "\"", "{", "]", "1", "\u{1E}", "\r", ",",
        ]
        let input =
            (0..<60).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined() + "\n"
        var options = SplitOptions()
        options.isLineWise = true
        var lines: [String] = []
        var skipped = ""
        for line in Array(input.utf8).split(separator: 0x0A) {
            let text = String(decoding: line, as: UTF8.self)
            if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
            if let value = line.contains(0x1E)
                ? nil
                : ValueSplitter.compact(
                    String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()))
            {
                lines.append(String(decoding: value, as: UTF8.self))
            } else {
                skipped += text + "\n"
            }
        }
        let result = separated(input, options, skipping: true)
        #expect(result.lines == lines)
        #expect(result.skipped == SeparationHarness.text(Array(skipped.utf8)))
    }
}
