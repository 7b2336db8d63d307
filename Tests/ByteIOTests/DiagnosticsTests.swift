import ByteIO
import Testing

@Suite struct DiagnosticsTests {
    @Test(arguments: [
        ("plain é 日本 😀", "plain é 日本 😀"), ("a\nb\tc\r", "a\\nb\\tc\\r"), ("\u{1B}[31m", "\\x1B[31m"),
        ("\u{9B}1m", "\\x9B1m"), ("\u{202E}evil", "\\u{202E}evil"), ("\u{2028}", "\\u{2028}"),
        ("\u{0}", "\\x00"), ("\u{FFF9}\u{E0001}", "\\u{FFF9}\\u{E0001}"),
    ])
    func controlCharactersAreEscaped(text: String, printable: String) {
        #expect(Diagnostics.printable(text.utf8) == printable)
    }

    @Test func bytesThatAreNotUTF8AreShownOneByOne() {
        #expect(Diagnostics.printable([0x61, 0xFF, 0xC3, 0x62, 0xE2, 0x82]) == "a\\xFF\\xC3b\\xE2\\x82")
    }
}
