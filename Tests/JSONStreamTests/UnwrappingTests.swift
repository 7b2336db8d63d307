import ByteIO
import JSONStream
import SeparationHarness
import Testing

struct UnwrappingTests {
    @Test func unwrapsTopLevelArrays() {
        let result = separated("[1, [2, 3],\n{\"a\": [4]} ] {} [] [\"x\"]7[[[]]]", unwrapping(""))
        #expect(result.lines == ["1", "[2,3]", #"{"a":[4]}"#, "{}", #""x""#, "7", "[[]]"])
    }

    @Test func aTruncatedArrayGivesItsElements() {
        let result = separated("{}\n [1, {\"a\":1}, {\"b\"", unwrapping(""))
        #expect(result.lines == ["{}", "1", #"{"a":1}"#])
        #expect(
            result.messages == [
                #"2:19 (byte 21, value 4): expected ':', found the end of the input near '{"b"'; "#
                    + "the array opened at 2:2 (byte 4)"
            ])
        #expect(
            separated("[", unwrapping("")).messages == [
                "1:2 (byte 1, value 1): expected a value or ']', found the end of the input; "
                    + "the array opened at 1:1 (byte 0)"
            ])
        for broken in ["[1,]", "[,]", "[1 2]", "[1}", "[1:2]", "[1]]", "[{},,{}]", "[\"a\":1]"] {
            #expect(separated(broken, unwrapping("")).messages.count == 1, "\(broken)")
        }
    }

    @Test(arguments: [
        (".Records", #"{"x":[0],"Records":[{"a":1},2],"y":{"Records":[3]}}"#, [#"{"a":1}"#, "2"]),
        (".Records", #"{"Rec\u006frds": [1]} {"records":[2]}"#, ["1", #"{"records":[2]}"#]),
        (".a.b", #"{"a":{"b":[1,2],"c":[3]},"b":[4]}"#, ["1", "2"]),
        (".a[1]", #"{"a":[[1],[2,3],[4]]}"#, ["2", "3"]),
        (".a[0].b", #"{"a":[{"b":[1]},{"b":[2]}]}"#, ["1"]),
        (".[1]", "[[1],[2],[3]] [[4]]", ["2", "[[4]]"]),
        (".", "[1,2] {}", ["1", "2", "{}"]),
        (#"."odd key""#, #"{"odd key":[1]}"#, ["1"]),
        // Without an array the value passes unchanged.
        (
            ".a", #"{"a":{"b":1}} {"a":1} [1] "a" {"b":{"a":[1]}}"#,
            [#"{"a":{"b":1}}"#, #"{"a":1}"#, "[1]", #""a""#, #"{"b":{"a":[1]}}"#]
        ),
        // A duplicate name: nothing is lost.
        (".a", #"{"a":[1],"b":0,"a":[2]} 3"#, ["1", "2", "3"]),
        (".a", #"{"a":[ ] , "b":1}"#, []),
    ]) func unwrapsPaths(path: String, input: String, expected: [String]) {
        let result = separated(input, unwrapping(path))
        #expect(result.lines == expected)
        #expect(result.messages.isEmpty)
    }

    @Test func validatesTheTextAroundAnUnwrappedArray() {
        for broken in [
            #"{"a":[1],}"#, #"{"a":[1]"#, #"{"a":[1] "b":2}"#, #"{"a":[1],"b":01}"#, #"{"a":[1]]"#,
            #"{"a":[1],"a"}"#,
        ] {
            let result = separated(broken, unwrapping(".a"))
            #expect(result.lines == ["1"])
            #expect(result.messages.count == 1, "\(broken)")
        }
    }

    @Test func showsTheTextAfterAnUnwrappedArray() {
        #expect(
            separated(#"{"a":[1],"b":tru}"#, unwrapping(".a")).messages == [
                #"1:17 (byte 16, value 2): expected 'true', found '}' near '],"b":tru}'"#
            ])
        let name = String(repeating: "0123456789", count: 10)
        #expect(
            separated("{\"a\":[1],\"\(name)\":tru}", unwrapping(".a")).messages == [
                "1:116 (byte 115, value 2): expected 'true', found '}' near '\(name.suffix(34))\":tru}'"
            ])
    }

    @Test func dropsNamesTooLongForThePath() {
        let name = String(repeating: "x", count: 1000)
        let input = Array("{\"a\":[1],\"\(name)".utf8)
        var splitter = ValueSplitter(unwrapping(".a"), kernel: nil)
        var consumed = 0
        for end in stride(from: 20, through: input.count, by: 20) {
            let unread = Array(input[consumed..<end])
            consumed += splitter.step(unread.bytes, .flowing).consumed
            let rest = Array(input[consumed..<end])
            consumed += splitter.step(rest.bytes, .flowing).consumed
        }
        #expect(input.count - consumed < 100)
        // No other array is unwrapped either.
        let result = separated("{\"a\":[1],\"\(name)\":[2],\"\\u0061\":[3]}", unwrapping(".a"))
        #expect(result.lines == ["1", "3"] && result.messages.isEmpty)
    }
}
