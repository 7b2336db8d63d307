import JSONStream
import SeparationHarness
import Testing

/// The rules of RFC 8259, one by one; each text is also split at every byte, and fed byte by byte.
struct GrammarTests {
    static let accepted = [
        // Section 2: structural characters and white space.
        "[]", "{}", "[ ]", "{\t}", "[\r\n]", " \t\r\n[] \t\r\n", "[1,2]", "[ 1 , 2 ]",
        "{ \"a\" : 1 , \"b\" : 2 }",
        // Section 3: values.
        "true", "false", "null", "[true,false,null]", "{\"a\":true}",
        // Section 4: objects. Names may repeat and be empty.
        "{\"\":0}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":{}}}", "{\"a\":[],\"b\":{}}",
        "{\"a\":\"b\",\"c\":\"d\"}",
        // Section 5: arrays.
        "[[]]", "[[],[]]", "[{}]", "[1,\"a\",null,[],{}]", "[\"a\",\"b\"]",
        // Section 6: numbers.
        "0", "-0", "1", "-1", "10", "1234567890", "0.0", "-0.5", "1.25", "0e0", "1e5", "1E5", "1e+5", "1e-5",
        "1E+00",
        "1.5e300", "12345678901234567890123", "1E1000", "0.000000000000000000001", "[0,-0,1.0,1e1]", "1e0001",
        // Section 7: strings.
        "\"\"", "\"a\"", "\" \"", "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0000\"",
        "\"\\uABCD\\uabcd\"",
        "\"\\uD834\\uDD1E\"", "\"/\"", "\"'\"", "\"\u{7F}\"",
        "\"\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\"", "\"\\\\\\\"\"",
        "\"\u{2028}\u{2029}\"", "\"\u{FEFF}\"", "\"[{,:}]\"",
    ]

    static let refused = [
        // Structure.
        "[", "{", "]", "}", "[}", "{]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1,,2]", "[[]", "[]]",
        "[1:2]",
        "[\"a\":1]", "[:]", "{,}", "{:}", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,\"a\":1}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1:2}", "{\"a\":\"b\":\"c\"}", "{a:1}",
        "{'a':1}", "{null:1}", "{[]:1}",
        "{\"a\",\"b\"}", "{\"a\":1", "{\"a\":", "{\"a\"", "{\"a", "{\"a\":1,\"b\"}", "{\"a\":1]",
        "[\"a\",\"b\":1]", ",", ":", "[1}", "{{}}", "{[}",
        "[{\"a\":1,2]", "{\"a\":[1,\"b\":2]}", "{\"a\":{},[]}", "[{},\"a\":1]", "{\"a\":1,{}}",
        "{\"a\":1,\"b\",\"c\":2}",
        // White space.
        "[\u{0B}1]", "[\u{0C}]", "[\u{A0}]", "[\u{2028}]", "[\u{0}]", "\u{FEFF} []\u{FEFF}", "/**/[]",
        "[1]//", "#",
        // Numbers.
        "+1", "-", "--1", "-a", "01", "00", "-01", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1e-", "1ee1",
        "1e1e1", "1e1.5", "1.2.3",
        "1e.5", "1+2", "1-2", "1 .5", "0x1", "1_0", "1a", "Infinity", "-Infinity", "NaN", "[1.]", "[-]",
        "[01]", "[1e]", "[1.2.3]", "[1e5e5]",
        "[-]", "[--1]", "[0e]", "[0.]", "[1e+]", "[+1]", "[1+1]", "[.1]", "[1-]", "[-0123]", "[1.5e3.2]",
        "[\u{FF11}]",
        // Literals.
        "t", "tr", "tru", "nul", "fals", "True", "NULL", "truee", "nulll", "truefalse", "1true", "true1",
        "nullnull", "[truex]", "[nul]", "[tRue]",
        "[true1]", "[1true]", "[falsetrue]", "undefined", "[fals]", "[true", "tru e", "[nu ll]",
        // Strings.
        "\"", "\"a", "\"\\\"", "'a'", "\"\\a\"", "\"\\x41\"", "\"\\U0041\"", "\"\\\"", "\"\\u\"", "\"\\u1\"",
        "\"\\u12\"", "\"\\u123\"",
        "\"\\u123g\"", "\"\\u 123\"", "\"\\'\"", "\"\\0\"", "\"a\nb\"", "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"",
        "\"\\\n\"", "\\\"a\"", "[\"a]", "[\"a\\]", "\\",
        "[\\n]", "\"\\u00\\u0041\"", "\"\\\u{E9}\"", "[\"a\"\"b\"]", "[\"a\"1]", "[1\"a\"]", "{\"a\"\"b\":1}",
        "[\\\"a\\\"]",
    ]

    /// Invalid UTF-8, each inside a string. Source: Unicode, table 3-7.
    static let malformedUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xE0, 0x80, 0x80],
        [0xE0, 0x9F, 0xBF],
        [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF],
        [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80], [0xF0, 0x90, 0x80, 0x41], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80],
        [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF], [0xFE], [0xFF],
        [0xC3, 0xA9, 0xA9], [0xE2, 0x82, 0xAC, 0x80],
    ]

    @Test(arguments: accepted) func accepts(_ text: String) throws {
        // These texts contain no white space in strings, except one string of white space.
        let compact =
            text == "\" \"" ? Array(text.utf8) : text.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let whole = separate(text)
        #expect(whole == Separated(output: compact + [0x0A], validCount: 1))
        expectSame(Array(text.utf8), as: whole)
    }

    @Test(arguments: refused) func refuses(_ text: String) {
        let whole = separate(text)
        #expect(whole.errors.count == 1, "\(text) gave \(whole)")
        expectSame(Array(text.utf8), as: whole)
    }

    @Test(arguments: malformedUTF8) func refusesMalformedUTF8(_ bytes: [UInt8]) {
        for text in [[0x22] + bytes + [0x22], Array("[\"".utf8) + bytes + Array("\",{}]\n".utf8)] as [[UInt8]]
        {
            let whole = separate(text)
            #expect(whole.errors.map(\.reason.expected) == [.wellFormedUTF8])
            #expect(whole.output.isEmpty)
            expectSame(text, as: whole)
        }
    }

    /// The same result for any split, pause and kernel, and at block boundaries.
    private func expectSame(_ text: [UInt8], as whole: Separated) {
        for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
            for cut in 0...text.count {
                for pauses in [false, true] {
                    let cuts = separate(
                        text, Delivery(pieces: [cut, text.count], pauses: pauses, kernel: kernel))
                    #expect(cuts == whole, "cut at \(cut)")
                }
            }
            #expect(separate(text, Delivery(pieces: [1], pauses: true, kernel: kernel)) == whole)
        }
        for padding in [0, 20, 62, 63, 64, 127] { expectSame(text, after: padding) }
    }

    private func expectSame(_ text: [UInt8], after padding: Int) {
        let member = Array(("{\"" + String(repeating: "p", count: padding) + "\":").utf8)
        let padded = member + text + Array("}\n{\"after\":[1]}\n".utf8) + Array(repeating: 0x20, count: 80)
        let scalar = separate(padded, skipping: true)
        for kernel in VectorKernel.allCases {
            #expect(separate(padded, skipping: true, Delivery(kernel: kernel)) == scalar)
            let lines = Array("{}\n".utf8) + padded
            #expect(separate(lines, Delivery(pieces: [70], kernel: kernel)) == separate(lines))
        }
    }
}

private func separate(_ input: [UInt8], _ delivery: Delivery) -> Separated {
    separate(input, SplitOptions(), delivery)
}

private func separate(_ input: [UInt8], skipping: Bool, _ delivery: Delivery) -> Separated {
    separate(input, SplitOptions(), skipping: skipping, delivery)
}
