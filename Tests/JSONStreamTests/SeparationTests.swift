import ByteIO
import JSONStream
import SeparationHarness
import Testing

/// Framing, limits, skipping and messages.
struct SeparationTests {
    // MARK: - Framing

    @Test func takesAllFramingsMixed() {
        let input =
            "{\"a\": 1}{\"b\":2}\n[]1\"x\"\"y\"true\n\n  {\n \"c\" : [ ]\n}\r\n\u{1E}{\"d\":4}\n\u{1E}\u{1E}5\n"
        #expect(
            separated(input).lines == [
                #"{"a":1}"#, #"{"b":2}"#, "[]", "1", #""x""#, #""y""#, "true", #"{"c":[]}"#, #"{"d":4}"#, "5",
            ])
        #expect(separated(input).messages.isEmpty)
    }

    @Test func skipsOneByteOrderMarkAtTheStart() {
        #expect(separated("\u{FEFF}{} 1").lines == ["{}", "1"])
        #expect(
            separated("\u{FEFF}\u{FEFF}{}").messages == [
                "1:4 (byte 3, value 1): expected a value, found a byte order mark, which is allowed only at the start "
                    + #"of an input; pass joined files as separate operands near '\xEF'"#
            ])
        #expect(separated("{}\n\u{FEFF}").messages.count == 1)
    }

    @Test func keepsEveryOtherByte() {
        let values = [
            "12345678901234567890123", "1E1000", "-0.0", #"{"a":1,"a":2}"#, #"["\/","\u00e9","é"]"#,
            #""\uD800""#, #"{"b":1,"a":2}"#,
        ]
        #expect(separated(values.joined(separator: "\n")).lines == values)
    }

    @Test(arguments: ["1", "true", "-0.5e3"]) func aScalarInFramedInputNeedsWhiteSpaceAfterIt(
        _ scalar: String
    ) {
        #expect(separated("\u{1E}\(scalar)\n\u{1E}[2]").lines == [scalar, "[2]"])
        for end in ["", "\u{1E}2\n", "[2]", "\"a\""] {
            let result = separated("\u{1E}{}\n\u{1E}\(scalar)\(end)")
            #expect(result.lines == ["{}"])
            #expect(result.messages.count == 1 && result.messages[0].contains("truncated"))
        }
        // Strings, arrays and objects need no delimiter.
        #expect(separated("\u{1E}\"a\"\u{1E}[1]\u{1E}{}").lines == [#""a""#, "[1]", "{}"])
    }

    @Test func aSeparatorInsideAValueMeansThatItIsTruncated() {
        for head in [
            "{", "{\"a\"", "{\"a\":", "[1", "[1,", "\"ab", "\"a\\", "\"\\u12", "tru", "-", "1.", "[1 ",
        ] {
            let result = separated("\u{1E}\(head)\u{1E}{\"b\":2}\n", skipping: true)
            #expect(result.lines == [#"{"b":2}"#], "\(head)")
            #expect(result.messages.count == 1 && result.messages[0].contains("truncated"), "\(head)")
            #expect(result.skipped == text(Array(head.utf8)))
        }
    }

    // MARK: - Limits

    @Test func limitsNesting() {
        var options = SplitOptions()
        options.maximumDepth = 2
        #expect(separated("[[]] {\"a\":{}} [{},[]]", options).lines == ["[[]]", #"{"a":{}}"#, "[{},[]]"])
        #expect(
            separated("[[[]]]", options).messages == [
                "1:3 (byte 2, value 1): expected at most 2 levels of nesting, found '[' (--max-depth) near '[[['"
            ])
        options.maximumDepth = 0
        #expect(separated("1 \"a\" []", options).lines == ["1", #""a""#])
        options.maximumDepth = 100_000
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(separate(deep, options).validCount == 1)
    }

    @Test(arguments: [3, 5, 70]) func limitsLengths(_ limit: Int) {
        var options = SplitOptions()
        options.maximumLength = limit
        let fitting = "\"" + String(repeating: "a", count: limit - 2) + "\""
        #expect(separated("\(fitting)\n\(fitting) \(fitting)", options).lines == [fitting, fitting, fitting])
        let number = String(repeating: "1", count: limit)
        #expect(separated("\(number)\n\(number)", options).lines == [number, number])
        for longer in [
            "\(number)1", "[\(number)", "\"" + number, "[" + String(repeating: " ", count: limit) + "]",
        ] {
            let result = separated("1 \(longer)", options)
            #expect(result.lines == ["1"])
            #expect(result.messages.count == 1)
            #expect(
                result.messages[0].hasPrefix(
                    "1:\(limit + 3) (byte \(limit + 2), value 2): expected at most \(limit) bytes"))
        }
    }

    @Test func compactsDeepValues() {
        let deep = String(repeating: "[ ", count: 5000) + String(repeating: "]", count: 5000)
        #expect(ValueSplitter.compact(deep)?.count == 10_000)
    }

    // MARK: - Skipping

    @Test(arguments: [
        ("{\"a\":1\n{\"b\":2}\n{\"c\":3}\n", [#"{"b":2}"#, #"{"c":3}"#], "{\"a\":1\n"),
        (
            "{\n \"a\": x,\n \"b\": [\n  1\n ]\n}\n{\"c\":3}", [#"{"c":3}"#],
            "{\n \"a\": x,\n \"b\": [\n  1\n ]\n}\n"
        ),
        ("{} ] 1\n[2]", ["{}", "[2]"], "] 1\n"),
        ("1\ntru\n3\n", ["1", "3"], "tru\n"),
        ("x\n\n\"a\"\n", [#""a""#], "x\n"),
        // After an array or an object, a line of another kind is not a place to continue.
        ("[1]\ntru\n3\n[4]\n", ["[1]", "[4]"], "tru\n3\n"),
        ("{\"a\"\n3\n", [], "{\"a\"\n3\n"),
        ("\u{1E}{\"a\":\u{1E}{\"b\":2}\n", [#"{"b":2}"#], "{\"a\":"),
        ("x", [], "x"), ("{}x", ["{}"], "x"), ("[1,\n[2]\n", ["[2]"], "[1,\n"),
        ("\"abc\n{\"d\":4}\n", [#"{"d":4}"#], "\"abc\n"),
        ("{}\nx\n {}\n{}", ["{}", "{}"], "x\n {}\n"),
        // The invalid value does not count.
        ("1\n{bad\n3\n", ["1", "3"], "{bad\n"),
    ]) func continuesAfterInvalidValues(input: String, lines: [String], skipped: String) {
        let result = separated(input, skipping: true)
        #expect(result.lines == lines)
        #expect(result.skipped == text(Array(skipped.utf8)))
        #expect(result.messages.count == 1)
    }

    /// The first value shows that lines are values; a broken array after it does not change that.
    @Test(arguments: [
        ("x\n[1\n2\n3\n", ["2", "3"], "x\n[1\n", 2), ("tru\n{\n\"a\"\n", [#""a""#], "tru\n{\n", 2),
        ("x\n[1\n[2\n3\n", ["3"], "x\n[1\n[2\n", 3),
        // A broken value of many lines at the start gives one report.
        ("{\n \"a\": x\n}\n3\n", [], "{\n \"a\": x\n}\n3\n", 1),
        ("{\n \"a\": x\n}\n{\n \"b\": y\n}\n", [], "{\n \"a\": x\n}\n{\n \"b\": y\n}\n", 2),
    ]) func continuesAtAnyLineIfLinesAreValues(
        input: String, lines: [String], skipped: String, count: Int
    ) {
        let result = separated(input, skipping: true)
        #expect(result.lines == lines)
        #expect(result.skipped == text(Array(skipped.utf8)))
        #expect(result.messages.count == count)
    }

    @Test func numbersInvalidValuesToo() {
        let result = separated("[1]\n[x]\n[2]\n[y]\n", skipping: true)
        #expect(
            result.messages.map { $0.prefix(30) } == [
                "2:2 (byte 5, value 2): expecte", "4:2 (byte 13, value 4): expect",
            ])
    }

    // MARK: - Messages

    @Test(arguments: [
        ("{\"a\":1,}", "1:8 (byte 7, value 1): expected a member name, found '}' near '{\"a\":1,}'"),
        (
            "1,2",
            "1:2 (byte 1, value 2): expected a value, found ',' (values are separated by white space or nothing; "
                + "--unwrap needs the brackets of the array) near ','"
        ),
        ("{}\n[1\n,tru]", "3:5 (byte 10, value 2): expected 'true', found ']' near '[1\\n,tru]'"),
        ("truefalse", "1:5 (byte 4, value 1): expected the end of 'true', found 'f' near 'truef'"),
        ("01", "1:2 (byte 1, value 1): expected '.', an exponent or the number's end, found '1' near '01'"),
        (
            "1-2",
            "1:2 (byte 1, value 1): expected a digit, '.', an exponent or the number's end, found '-' near '1-'"
        ),
        (
            "\"\u{1B}\"",
            "1:2 (byte 1, value 1): expected a string character or '\"', found '\\x1B' near '\"\\x1B'"
        ),
        ("[1", "1:3 (byte 2, value 1): expected ',' or ']', found the end of the input near '[1'"),
        (
            "\"\\q\"",
            "1:3 (byte 2, value 1): expected one of \" \\ / b f n r t u after a backslash, found 'q' near '\"\\\\q'"
        ),
        (
            "\"\\u12x4\"",
            "1:6 (byte 5, value 1): expected four hexadecimal digits after \\u, found 'x' near '\"\\\\u12x'"
        ),
    ]) func describesTheError(input: String, message: String) {
        #expect(separated(input).messages == [message])
    }

    @Test func showsTheEndOfALongValue() {
        let result = separated("[\"" + String(repeating: "abcdefghij", count: 10) + "\" x")
        #expect(
            result.messages == [
                "1:105 (byte 104, value 1): expected ',' or ']', found 'x' near '"
                    + String("abcdefghij".suffix(7)) + "abcdefghijabcdefghijabcdefghij\" x'"
            ])
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00], "gzip data; decompress it first: gzip -dc FILE"),
            ([0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x00], "zstd data"), (Array("BZh91AY&SY".utf8), "bzip2 data"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00], "xz data"),
            (
                [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00],
                "UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8 FILE"
            ),
            ([0xFE, 0xFF, 0x00, 0x7B, 0x00, 0x7D], "UTF-16 text"),
            ([0x7B, 0x00, 0x7D, 0x00], "UTF-16LE text"), ([0x00, 0x5B, 0x00, 0x5D], "UTF-16BE text"),
            ([0x22, 0x00, 0xE9, 0x00, 0x22, 0x00], "UTF-16LE text"), ([0x31, 0x00], "UTF-16LE text"),
            ([0x20, 0x00, 0x31, 0x00], "UTF-16LE text"),
            ([0xFF, 0xFE, 0x00, 0x00, 0x7B, 0x00, 0x00, 0x00], "UTF-32 text"),
            ([0x00, 0x00, 0xFE, 0xFF, 0x00, 0x00, 0x00, 0x7B], "UTF-32 text"),
            ([0x7B, 0x00, 0x00, 0x00, 0x7D, 0x00, 0x00, 0x00], "UTF-32LE text"),
            ([0x00, 0x00, 0x00, 0x7B, 0x00, 0x00, 0x00, 0x7D], "UTF-32BE text"),
            // Only similar to one of them.
            ([0x1F], "'\\x1F'"), (Array("BZ".utf8), "'B'"), (Array("(1)".utf8), "'('"), ([0x00], "'\\x00'"),
            (Array("[1,\u{FEFF}2]".utf8), "a byte order mark"), (Array("[1,\u{FEFE}2]".utf8), #"byte \xEF"#),
            ([0x5B, 0xEF, 0xBB], #"byte \xEF"#), (Array("{}\n{}\u{1F}\u{8B}".utf8), "'\\x1F'"),
        ] as [([UInt8], String)]) func namesOtherFormats(bytes: [UInt8], found: String)
    {
        for isLineWise in [false, true] {
            var options = SplitOptions()
            options.isLineWise = isLineWise
            let result = separate(bytes, options)
            #expect(result.errors.map(\.description).first?.contains("found " + found) == true, "\(result)")
            for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
                for piece in [1, 2, 3, 5] {
                    let delivery = Delivery(pieces: [piece], pauses: true, kernel: kernel)
                    #expect(separate(bytes, options, delivery) == result)
                }
            }
        }
    }

    // MARK: - Latency

    @Test(arguments: ["{\"a\":1}", "[1] ", "\"x\"", "1 ", "[{\"a\":1}"]) func returnsLinesBeforeAWait(
        _ input: String
    ) {
        for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
            var splitter = ValueSplitter(unwrapping(input == "[{\"a\":1}" ? "" : ".none"), kernel: kernel)
            let bytes = Array(input.utf8)
            var unread = bytes[...]
            var written = 0
            for _ in 0..<4 {
                let lent = Array(unread)
                let step = splitter.step(lent.bytes, .pausing)
                unread = unread.dropFirst(step.consumed)
                written += step.written
            }
            #expect(written > 0 && splitter.validCount == 1)
        }
    }
}
