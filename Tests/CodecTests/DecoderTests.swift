import ByteIO
import Codec
import Testing

struct DecoderTests {
    /// `hello\n` compressed by gzip(1).
    private static let gzip: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0xE7,
        0x02, 0x00, 0x20, 0x30, 0x3A, 0x36, 0x06, 0x00, 0x00, 0x00,
    ]
    /// `hello\n` compressed by zstd(1).
    private static let zstd: [UInt8] = [
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x31, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x53, 0x88,
        0xbd, 0x91,
    ]
    /// A skippable frame of five bytes.
    private static let skippable: [UInt8] = [0x53, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]

    private static func hello(_ format: CompressedFormat) -> [UInt8] { format == .gzip ? gzip : zstd }

    private func decode(
        _ bytes: [UInt8], _ format: CompressedFormat, step: Int = .max, room: Int = 1000
    ) throws(CodecError) -> [UInt8] {
        let decoder = Decoder(format)
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

    @Test(arguments: CompressedFormat.allCases, [1, 2, 3, 7, 100])
    func consecutiveStreamsAreDecodedAtAnySplit(format: CompressedFormat, step: Int) throws {
        let hello = Self.hello(format)
        for room in [1, 2, 5, 1000] {
            let decoded = try decode(hello + hello + hello, format, step: step, room: room)
            #expect(decoded == Array("hello\nhello\nhello\n".utf8), "room \(room)")
        }
    }

    @Test(arguments: CompressedFormat.allCases) func anIncompleteStreamIsTruncated(format: CompressedFormat) {
        let hello = Self.hello(format)
        for length in 1..<hello.count {
            let truncated = CodecError(format, .truncated)
            #expect(throws: truncated) { try decode(Array(hello.prefix(length)), format) }
            #expect(throws: truncated) { try decode(hello + hello.prefix(length), format) }
        }
    }

    @Test(arguments: CompressedFormat.allCases, [1, 2, 1000])
    func zerosMayFollowOrSeparateStreams(format: CompressedFormat, step: Int) throws {
        let hello = Self.hello(format)
        let bytes = hello + [0, 0, 0] + hello + [UInt8](repeating: 0, count: 600)
        #expect(try decode(bytes, format, step: step) == Array("hello\nhello\n".utf8))
        #expect(throws: CodecError(format, .trailingGarbage)) { try decode(bytes + [1], format, step: step) }
        #expect(throws: CodecError(format, .truncated)) { try decode(bytes + hello.dropLast(), format) }
        // Zeros before the first member or frame are an error.
        #expect(throws: CodecError.self) { try decode([0] + hello, format, step: step) }
    }

    @Test(arguments: [1, 3, 1000]) func skippableFramesProduceNoOutput(step: Int) throws {
        let bytes = Self.skippable + Self.zstd + Self.skippable + Self.skippable + Self.zstd + Self.skippable
        #expect(try decode(bytes, .zstd, step: step) == Array("hello\nhello\n".utf8))
    }

    @Test(arguments: [[0x0A], [0x1F, 0x00], [0x1F, 0x8C, 0x08], Array("more".utf8)] as [[UInt8]])
    func onlyAMemberMayFollowAMember(rest: [UInt8]) {
        #expect(throws: CodecError(.gzip, .trailingGarbage)) { try decode(Self.gzip + rest + [0, 0], .gzip) }
    }

    @Test(arguments: [[0x0A], [0x28, 0x00], [0x28, 0xB5, 0x2F, 0xFC], Array("more".utf8)] as [[UInt8]])
    func onlyAFrameMayFollowAFrame(rest: [UInt8]) {
        #expect(throws: CodecError(.zstd, .trailingGarbage)) {
            try decode(Self.zstd + rest + [0, 0, 0, 0, 0], .zstd)
        }
    }

    @Test(arguments: 10..<26) func aChangedByteInAMemberIsDetected(index: Int) {
        var bytes = Self.gzip
        bytes[index] ^= 0xFF
        #expect(throws: CodecError.self) { try decode(bytes, .gzip) }
    }

    /// From the first block on: the checksum in the last four bytes covers only the content.
    @Test(arguments: 6..<zstd.count) func aChangedByteInAFrameIsDetected(index: Int) {
        var bytes = Self.zstd
        bytes[index] ^= 0xFF
        #expect(throws: CodecError.self) { try decode(bytes, .zstd) }
    }

    @Test(
        arguments: [
            ([], .unknown), ([0x1F], .unknown), ([0x1F, 0x8B], .unknown), ([0x1F, 0x8B, 8], .format(.gzip)),
            ([0x1F, 0x8B, 9], .plain), ([0x28, 0xB5, 0x2F], .unknown),
            ([0x28, 0xB5, 0x2F, 0xFD], .format(.zstd)),
            ([0x5A, 0x2A, 0x4D, 0x18], .format(.zstd)), ([0x5A, 0x2A, 0x4D], .unknown),
            ([0x60, 0x2A], .plain),
            ([0x28, 0x2A, 0x4D, 0x18], .plain), (Array("{\"a\":1}".utf8), .plain),
            ([0x50, 0xB5, 0x2F, 0xFD], .plain),
        ] as [([UInt8], CompressedFormat.Recognition)])
    func formatsAreDetectedByTheirFirstBytes(bytes: [UInt8], recognition: CompressedFormat.Recognition) {
        #expect(CompressedFormat.recognise(bytes) == recognition)
    }
}
