import ByteIO
import S3Core
import S3Lines
import Testing

@Suite struct PutCommitTailTests {
    @Test(arguments: [
        ("", "EOF", "", false), ("EOF", "EOF", "", true), ("EOF\n", "EOF", "", true),
        ("a\nEOF\n", "EOF", "a\n", true), ("a\nEOF", "EOF", "a\n", true),
        ("aEOF\n", "EOF", "aEOF\n", false), ("a\nEOF\nb\n", "EOF", "a\nEOF\nb\n", false),
        ("EOF\nEOF\n", "EOF", "EOF\n", true), ("a\nEOF\n\n", "EOF", "a\nEOF\n\n", false),
        ("a\nEO", "EOF", "a\nEO", false), ("a\n\n", "", "a\n", true), ("a\n", "", "a\n", false),
    ])
    func theLastLineIsHeldBack(input: String, line: String, data: String, isCommitted: Bool) {
        let bytes = [UInt8](input.utf8)
        for size in 1...max(1, bytes.count) {
            var tail = PutCommitTail(line: [UInt8](line.utf8))
            var delivered: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                tail.take(piece.bytes) { delivered += $0.array }
            }
            #expect(tail.end { delivered += $0.array } == isCommitted)
            #expect(String(decoding: delivered, as: UTF8.self) == data)
        }
    }
}
