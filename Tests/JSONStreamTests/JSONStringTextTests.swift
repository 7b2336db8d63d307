import ByteIO
import JSONStream
import Testing

@Suite struct JSONStringTextTests {
    @Test(arguments: [
        ("plain", "plain"), (#"\"\\\/"#, "\"\\/"), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"), (#"\u0041"#, "A"),
        (#"\u00e9\u00E9"#, "éé"), (#"\u65e5"#, "日"), (#"\ud83d\ude00!"#, "😀!"), (#"\u0000"#, "\0"),
    ])
    func unescapes(text: String, value: String) throws {
        var buffer = ByteBuffer()
        try JSONStringText.unescape([UInt8](text.utf8).bytes, into: &buffer)
        #expect(buffer.bytes.array == [UInt8](value.utf8))
    }

    @Test(arguments: [
        (#"\ud800"#, 0), (#"a\ud83dx"#, 1), (#"\ude00\ud83d"#, 0), (#"\ud83d\u0041"#, 0), (#"ab\x"#, 2),
        (#"\"#, 0),
        (#"\u12"#, 0),
    ])
    func refuses(text: String, offset: Int) {
        let error = #expect(throws: JSONStringText.Malformed.self) {
            var buffer = ByteBuffer()
            try JSONStringText.unescape([UInt8](text.utf8).bytes, into: &buffer)
        }
        #expect(error?.offset == offset)
    }
}
