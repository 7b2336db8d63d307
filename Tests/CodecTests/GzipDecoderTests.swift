import ByteIO
import Codec
import Testing

struct GzipDecoderTests {
    /// `hello\n` as gzip(1) writes it.
    private static let hello: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0xE7,
        0x02, 0x00, 0x20, 0x30, 0x3A, 0x36, 0x06, 0x00, 0x00, 0x00,
    ]

    private func decode(_ bytes: [UInt8], step: Int = .max, room: Int = 1000) throws(GzipError) -> [UInt8] {
        var decoder = GzipDecoder()
        let output = ByteBlock()
        var rest = bytes[...]
        while !rest.isEmpty {
            var piece = Array(rest.prefix(step))
            rest = rest.dropFirst(piece.count)
            while true {
                let before = output.count
                let used = try decoder.decode(piece.bytes, into: output, room: room)
                piece.removeFirst(used)
                if output.count - before < room { break }
            }
            #expect(piece.isEmpty)
        }
        try decoder.end()
        return output.bytes.array
    }

    @Test(arguments: [1, 2, 3, 7, 100], [1, 2, 5, 1000])
    func severalMembersAtAnyCut(step: Int, room: Int) throws {
        let decoded = try decode(Self.hello + Self.hello + Self.hello, step: step, room: room)
        #expect(decoded == Array("hello\nhello\nhello\n".utf8))
    }

    @Test(arguments: 1..<26)
    func aCutOffEndIsTruncated(length: Int) {
        #expect(throws: GzipError.truncated) { try decode(Array(Self.hello.prefix(length))) }
        #expect(throws: GzipError.truncated) { try decode(Self.hello + Self.hello.prefix(length)) }
    }

    @Test(arguments: [1, 2, 7, 100], [0, 1, 512, 10_000])
    func zerosAreNoMore(step: Int, padding: Int) throws {
        let zeros = [UInt8](repeating: 0, count: padding)
        #expect(try decode(Self.hello + zeros, step: step) == Array("hello\n".utf8))
        #expect(
            try decode(Self.hello + zeros + Self.hello + zeros, step: step, room: 3)
                == Array("hello\nhello\n".utf8))
        #expect(throws: GzipError.trailingGarbage) { try decode(Self.hello + zeros + [1] + zeros) }
        #expect(throws: GzipError.truncated) { try decode(Self.hello + zeros + Self.hello.dropLast()) }
        // Before the first member they are none of its bytes.
        if padding > 0 { #expect(throws: GzipError.self) { try decode(zeros + Self.hello) } }
    }

    @Test(arguments: [[0x0A], [0x1F, 0x00], [0x1F, 0x8C, 0x08], Array("more".utf8)] as [[UInt8]])
    func whatFollowsAMemberMustBeOne(rest: [UInt8]) {
        #expect(throws: GzipError.trailingGarbage) { try decode(Self.hello + rest + [0, 0]) }
    }

    @Test(arguments: 10..<26)
    func aChangedByteIsFound(index: Int) {
        var bytes = Self.hello
        bytes[index] ^= 0xFF
        #expect(throws: GzipError.self) { try decode(bytes) }
    }
}
