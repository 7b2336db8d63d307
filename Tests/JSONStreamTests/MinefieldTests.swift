import JSONStream
import SeparationHarness
import Testing

/// The rules of Nicolas Seriot's "Parsing JSON is a minefield", with cases of this project.
///
/// Some texts that a parser of one text rejects, because a second text follows, are valid streams here; they
/// are listed separately. RFC 8259 leaves 35 cases to the implementation: json-sep passes every number and
/// every escape unchanged, and rejects every byte that is not UTF-8.
struct MinefieldTests {
    /// A case: its description, its bytes, and whether it is accepted.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let isTaken: Bool

        init(_ name: String, _ bytes: [UInt8], _ isTaken: Bool) {
            self.name = name
            self.bytes = bytes
            self.isTaken = isTaken
        }

        init(_ name: String, _ text: String, _ isTaken: Bool) {
            self.init(name, Array(text.utf8), isTaken)
        }

        var testDescription: String { name }
    }

    static let implementationDefined = [
        // Numbers: any size and precision passes, since no number is ever converted.
        Case("double with a huge negative exponent", "[7.5e-98765432101234567890]", true),
        Case("huge exponent", "[3e98765432109876]", true),
        Case("negative integer with a huge exponent", "[-2e777777777777]", true),
        Case("double with a huge exponent", "[23.75e9876543210]", true),
        Case("negative real that overflows", "[-6e500]", true),
        Case("positive real that overflows", "[6e500]", true),
        Case("real that underflows", "[5e-500]", true),
        Case("negative integer past 64 bits", "[-98765432109876543210]", true),
        Case("positive integer past 64 bits", "[98765432109876543210]", true),
        Case("negative integer past 128 bits", "[-9876543210987654321098765432109876543210987]", true),
        // Escaped surrogates: grammatical in any combination, and never converted.
        Case("name with a lone low surrogate", #"{"\uDC77":1}"#, true),
        Case("high surrogate without a low one", #"["\uD811"]"#, true),
        Case("high surrogate before something else", #"["\uD8AB\u0041"]"#, true),
        Case("high surrogate before another escape", #"["\uD811\t"]"#, true),
        Case("two high surrogates", #"["\uD811\uD822"]"#, true),
        Case("two high surrogates before an escape", #"["\uD811\uD822\r"]"#, true),
        Case("high surrogate before text", #"["\uDBCCxyz"]"#, true),
        Case("surrogate in text", #"["x\uD9EFy"]"#, true),
        Case("surrogates in the wrong order", #"["\uDD2E\uD835"]"#, true),
        Case("lone low surrogate", #"["\uDFCC"]"#, true),
        // Bytes: only well-formed UTF-8 is accepted.
        Case("UTF-8 that breaks off and goes on", [0x5B, 0x22, 0xE6, 0x97, 0xD0, 0x22, 0x5D], false),
        Case("encoded surrogate", [0x5B, 0x22, 0xED, 0xA3, 0x81, 0x22, 0x5D], false),
        Case("byte that no UTF-8 has", [0x5B, 0x22, 0xFE, 0x22, 0x5D], false),
        Case("ISO Latin 1", [0x5B, 0x22, 0xFC, 0x22, 0x5D], false),
        Case("lone continuation byte", [0x5B, 0x22, 0x9A, 0x22, 0x5D], false),
        Case("above U+10FFFF", [0x5B, 0x22, 0xF5, 0x9F, 0x9F, 0x9F, 0x22, 0x5D], false),
        Case("overlong form of 2 bytes", [0x5B, 0x22, 0xC1, 0xAF, 0x22, 0x5D], false),
        Case(
            "overlong form of 6 bytes", [0x5B, 0x22, 0xFC, 0x82, 0xBF, 0xBF, 0xBF, 0xBF, 0x22, 0x5D], false),
        Case(
            "overlong null of 6 bytes", [0x5B, 0x22, 0xFC, 0x80, 0x80, 0x80, 0x80, 0x80, 0x22, 0x5D], false),
        Case("UTF-8 cut off by the quote", [0x5B, 0x22, 0xE1, 0xBF, 0x22, 0x5D], false),
        Case(
            "UTF-16, little endian, with byte order mark",
            [0xFF, 0xFE, 0x5B, 0, 0x22, 0, 0xE9, 0, 0x22, 0, 0x5D, 0], false),
        Case("UTF-16, big endian", [0, 0x5B, 0, 0x22, 0, 0xE9, 0, 0x22, 0, 0x5D], false),
        Case("UTF-16, little endian", [0x5B, 0, 0x22, 0, 0xE9, 0, 0x22, 0, 0x5D, 0], false),
        // Structure.
        Case(
            "500 arrays in each other",
            [UInt8](repeating: 0x5B, count: 500) + [UInt8](repeating: 0x5D, count: 500), true),
        Case("byte order mark", [0xEF, 0xBB, 0xBF, 0x7B, 0x7D], true),
    ]

    /// Rejected as one text; accepted as a stream of several texts or none.
    static let streams = [
        Case("nothing", "", true), Case("a space", " ", true), Case("two arrays", "[][]", true),
        Case("object and array", "{\"a\":1}[2]", true), Case("array and object", "[1]{}", true),
        Case("array and number", "[1]2", true), Case("object and string", "{}\"x\"", true),
        Case("literals", "true false", true),
        Case("only a byte order mark", [0xEF, 0xBB, 0xBF], true),
    ]

    static let refused = [
        Case("half a byte order mark", [0xEF, 0xBB, 0x7B, 0x7D], false),
        Case("two byte order marks", "\u{FEFF}\u{FEFF}{}", false),
        Case("byte order mark after a text", "{}\u{FEFF}", false), Case("comment", "{}/**/", false),
        Case("comment to the line's end", "[1]//x", false), Case("open comment", "[1]/*", false),
        Case("a star after a member", "{\"a\":\"b\"}*", false), Case("null byte", "\u{0}", false),
        Case("null byte in an array", "[\u{0}]", false),
        Case("form feed", "[\u{0C}]", false), Case("word joiner", "\u{2060}[]", false),
        Case("no-break space", "[\u{A0}]", false),
        Case("letter outside a string", "[é]", false), Case("bracket too many", "[1]]", false),
        Case("brace too many", "{}}", false),
        Case("single quotes", "['a']", false), Case("full-width digit", "[１]", false),
        Case("hexadecimal number", "[0xF]", false),
        Case("double negation", "[--2]", false), Case("capital literal", "[True]", false),
        Case("backtick", "[`]", false),
        Case("100,000 arrays", [UInt8](repeating: 0x5B, count: 100_000), false),
        Case(
            "50,000 objects in arrays",
            Array([[UInt8]](repeating: Array("[{\"\":".utf8), count: 50_000).joined()), false),
        Case("open array at the end of a line", "[\"a\",\n4\n,1", false),
        Case("open string at the end", "[\"a", false),
    ]

    @Test(arguments: implementationDefined + streams + refused) func decides(_ case: Case) {
        for kernel in [nil] + VectorKernel.allCases.map(Optional.some) {
            for pieces in [[], [1]] {
                let result = separate(`case`.bytes, SplitOptions(), Delivery(pieces: pieces, kernel: kernel))
                #expect(result.errors.isEmpty == `case`.isTaken, "\(result)")
            }
        }
    }

    @Test func allImplementationDefinedCasesAreDecided() {
        #expect(Self.implementationDefined.count == 35)
    }
}
