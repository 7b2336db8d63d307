import ByteIO
import JSONStream
import Testing

@Suite struct FieldLookupTests {
    @Test(arguments: [
        (#"{"a":1}"#, ".a", "1"),
        (#" { "a" : 1 } "#, ".a", "1"),
        (#"{"a":"x y"}"#, ".a", "\"x y\""),
        (#"{"a":"x\"y"}"#, ".a", #"escaped "x\"y""#),
        (#"{"a":true,"b":false}"#, ".b", "false"),
        (#"{"a":null}"#, ".a", "null"),
        (#"{"a":{"b":{"c":-1.5e+3}}}"#, ".a.b.c", "-1.5e+3"),
        (#"{"a":{"b":1}}"#, ".a", "object"),
        (#"{"a":[]}"#, ".a", "array"),
        (#"{"a":[10,[20,21],30]}"#, ".a[1][1]", "21"),
        (#"{"a":[10,20]}"#, ".a[2]", "missing"),
        (#"{"a":[{"b":1},{"b":2}]}"#, ".a[1].b", "2"),
        ("[1,2]", ".[1]", "2"),
        ("7", ".", "7"),
        (#""text""#, ".", "\"text\""),
        ("{}", ".a", "missing"),
        ("[]", ".a", "missing"),
        (#"{"a":1}"#, ".a.b", "missing"),
        (#"{"a":{"0":1}}"#, ".a[0]", "missing"),
        (#"{"a b":1}"#, #"."a b""#, "1"),
        (#"{"a.b":1,"a":{"b":2}}"#, #"."a.b""#, "1"),
        (#"{"":1}"#, #"."""#, "1"),
        (#"{"é":1}"#, ".é", "1"),
        (#"{"\u0061\u00e9":1}"#, ".aé", "1"),
        (#"{"😀":1}"#, #"."\ud83d\ude00""#, "1"),
        (#"{"\ud800":1,"a":2}"#, ".a", "2"),
        // Of duplicate names the last one counts, with everything inside it.
        (#"{"a":1,"b":2,"a":3}"#, ".a", "3"),
        (#"{"a":1,"\u0061":3}"#, ".a", "3"),
        (#"{"a":{"b":1},"a":{"c":2}}"#, ".a.b", "missing"),
        (#"{"a":{"b":1},"a":5}"#, ".a.b", "missing"),
        (#"{"a":1,"a":null}"#, ".a", "null"),
        // Text that looks like a member but is not one.
        (#"{"x":"\"a\":9","a":1}"#, ".a", "1"),
        (#"{"x":{"a":9},"a":1}"#, ".a", "1"),
        (#"{"x":["a",9],"b":1}"#, ".a", "missing"),
        (#"{"ab":9,"a":1}"#, ".a", "1"),
    ])
    func finds(text: String, path: String, value: String) throws {
        var lookup = FieldLookup([try #require(FieldPath(path))])
        try lookup.find(in: [UInt8](text.utf8).bytes)
        #expect(shown(lookup.value(0), text) == value)
    }

    @Test func findsAllPathsOfALineAtOnce() throws {
        let paths = [".u.id", ".ts", ".u.name", ".tags[1]", ".u", ".no"]
        var lookup = FieldLookup(try paths.map { try #require(FieldPath($0)) })
        let text = #"{"ts":5,"u":{"name":"n","id":7},"tags":["x","y"]}"#
        try lookup.find(in: [UInt8](text.utf8).bytes)
        #expect(
            paths.indices.map { shown(lookup.value($0), text) }
                == ["7", "5", "\"n\"", "\"y\"", "object", "missing"])
    }

    /// Guesses from the previous line must neither find absent values nor hide present ones.
    @Test func linesOfDifferentShapesAreNotConfused() throws {
        var lookup = FieldLookup([try #require(FieldPath(".b"))])
        let long = String(repeating: "n", count: 100)
        for (text, value) in [
            (#"{"a":1,"b":2}"#, "2"), (#"{"b":1,"a":2}"#, "1"), (#"{"a":1,"bb":2}"#, "missing"),
            (#"{"a":1,"b":2}"#, "2"), (#"{"a":1}"#, "missing"), (#"{"b\"":1,"b":4}"#, "4"),
            (#"{"\#(long)":1,"b":3}"#, "3"), (#"{"\#(long)":1,"b":3}"#, "3"), (#"{"b":8,"x":1}"#, "8"),
        ] {
            try lookup.find(in: [UInt8](text.utf8).bytes)
            #expect(shown(lookup.value(0), text) == value, "\(text)")
        }
    }

    @Test func manyMembersAreAllLookedAt() throws {
        var lookup = FieldLookup([try #require(FieldPath(".m99"))])
        let text = "{" + (0..<100).map { "\"m\($0)\":\($0)" }.joined(separator: ",") + "}"
        for _ in 0..<2 {
            try lookup.find(in: [UInt8](text.utf8).bytes)
            #expect(shown(lookup.value(0), text) == "99")
        }
    }

    /// A level takes 24 bytes, a bracket one: without a limit, a line of brackets takes 24 times its length.
    @Test func nestingIsLimited() throws {
        var lookup = FieldLookup([try #require(FieldPath(".a"))])
        let limit = FieldLookup.maximumDepth
        for excess in [0, 1, 0] {
            // The object is a level, too.
            let deep = limit - 1 + excess
            let text =
                #"{"x":"# + String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
                + #","a":1}"#
            do throws(FieldLookup.Malformed) {
                try lookup.find(in: [UInt8](text.utf8).bytes)
                #expect(excess == 0 && shown(lookup.value(0), text) == "1")
            } catch {
                // The first bracket that is one too many.
                let expected = JSONSyntaxError.Expectation.nesting(atMost: limit)
                #expect(excess == 1 && error == FieldLookup.Malformed(offset: 4 + limit, expected: expected))
            }
        }
    }

    @Test(arguments: [
        ("", 0, JSONSyntaxError.Expectation.text), ("   ", 3, .text), ("{", 1, .memberNameOrObjectEnd),
        ("[", 1, .valueOrArrayEnd), (#"{"a""#, 4, .colon), (#"{"a":"#, 5, .value),
        (#"{"a":1"#, 6, .commaOrObjectEnd), (#"{"a":1,"#, 7, .memberName), (#"{"a":1,}"#, 7, .memberName),
        (#"{"a":1]"#, 6, .commaOrObjectEnd), ("[1}", 2, .commaOrArrayEnd), ("[1,]", 3, .value),
        (#"{"a":1} x"#, 8, .lineEnd), (#"{"a":1}{"#, 7, .lineEnd), ("1 2", 2, .lineEnd),
        (#"{a:1}"#, 1, .memberNameOrObjectEnd), (#"{"a" 1}"#, 5, .colon), (#""abc"#, 4, .stringCharacter),
        ("\"a\tb\"", 2, .stringCharacter), (#""\x""#, 2, .escapeCharacter),
        (#""\u12g4""#, 5, .hexadecimalDigit),
        (#""\u123"#, 6, .hexadecimalDigit), (#""\"#, 2, .escapeCharacter), ("01", 1, .fractionOrEnd),
        ("-", 1, .digit), ("1.", 2, .digit), ("1.e3", 2, .digit), ("1e", 2, .digitOrSign), ("1e+", 3, .digit),
        ("+1", 0, .text), (".5", 0, .text), ("tru", 3, .literal(.true, isComplete: false)),
        ("nulL", 3, .literal(.null, isComplete: false)), ("truefalse", 4, .literal(.true, isComplete: true)),
        ("\u{FEFF}1", 0, .text), ("{}}", 2, .lineEnd), ("NaN", 0, .text), ("[1\0]", 2, .integerOrEnd),
        ("\u{C}1", 0, .text),
    ])
    func refuses(text: String, offset: Int, expected: JSONSyntaxError.Expectation) throws {
        var lookup = FieldLookup([try #require(FieldPath(".a"))])
        #expect(throws: FieldLookup.Malformed(offset: offset, expected: expected)) {
            try lookup.find(in: [UInt8](text.utf8).bytes)
        }
    }

    /// A truncated line never yields a value.
    @Test func refusesEveryPrefix() throws {
        var lookup = FieldLookup([try #require(FieldPath(".a"))])
        let text = [UInt8](#"{"a":"x\u0041","b":[1.5e3,{"c":null}],"d":"long enough for a word"}"#.utf8)
        try lookup.find(in: text.bytes)
        for count in 0..<text.count {
            let prefix = Array(text[..<count])
            #expect(throws: FieldLookup.Malformed.self) { try lookup.find(in: prefix.bytes) }
        }
    }

    private func shown(_ value: FieldValue, _ text: String) -> String {
        let bytes = String(decoding: [UInt8](text.utf8)[value.range], as: UTF8.self)
        switch value.kind {
        case .missing: return "missing"
        case .object: return "object"
        case .array: return "array"
        case .string: return (value.hasEscapes ? "escaped " : "") + "\"" + bytes + "\""
        case .null, .true, .false, .number: return bytes
        }
    }
}
