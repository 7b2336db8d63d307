import ByteIO
import Testing

@Suite struct KeyEscapingTests {
    @Test(arguments: [
        ("plain", "plain"), ("a\\\\b", "a\\b"), ("\\t\\n\\r", "\t\n\r"), ("", ""), ("é/日本", "é/日本"),
    ])
    func unescapesAndEscapesBack(field: String, key: String) throws {
        var bytes: [UInt8] = []
        try KeyEscaping.unescape([UInt8](field.utf8).bytes, into: &bytes)
        #expect(bytes == [UInt8](key.utf8))
        var back: [UInt8] = []
        KeyEscaping.escape(bytes.bytes, into: &back)
        #expect(back == [UInt8](field.utf8))
    }

    @Test(arguments: [("a\\", 1), ("\\x41", 0), ("ok\\ ", 2)])
    func refusesAnyOtherBackslash(field: String, offset: Int) {
        var bytes: [UInt8] = []
        #expect(throws: KeyEscaping.Malformed(offset: offset)) {
            try KeyEscaping.unescape([UInt8](field.utf8).bytes, into: &bytes)
        }
    }
}
