import ByteIO
import Codec
import Digest
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

    /// libzstd counts calls without input and output, and soon calls the data corrupt.
    @Test(arguments: CompressedFormat.allCases)
    func waitingForInputIsNoError(format: CompressedFormat) throws {
        let hello = Self.hello(format)
        let decoder = Decoder(format)
        let output = ByteBlock()
        let nothing: [UInt8] = []
        for byte in hello {
            for _ in 0..<40 {
                let used = try decoder.decode(nothing.bytes, into: output, room: 1000)
                #expect(used == 0)
            }
            let piece = [byte]
            let used = try decoder.decode(piece.bytes, into: output, room: 1000)
            #expect(used == 1)
        }
        try decoder.end()
        #expect(output.bytes.array == Array("hello\n".utf8))
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

    /// What RFC 1952 lets a header hold: an extra field, a name, a comment, and the header's own checksum.
    @Test(arguments: 0..<16) func everyFieldOfAHeaderIsSkipped(fields: Int) throws {
        var header: [UInt8] = [0x1F, 0x8B, 8, 1, 1, 2, 3, 4, 2, 3]
        if fields & 1 != 0 {
            header[3] |= 4
            header += [3, 0, 0, 1, 2]
        }
        if fields & 2 != 0 {
            header[3] |= 8
            header += [0x61, 0x62, 0]
        }
        if fields & 4 != 0 {
            header[3] |= 16
            header += [0]
        }
        if fields & 8 != 0 {
            header[3] |= 2
            let sum = CRC.checksum(header.bytes, .crc32).value
            header += [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)]
        }
        let member = header + Self.gzip.dropFirst(10)
        for step in [1, 3, 1000] {
            #expect(try decode(member + member, .gzip, step: step) == Array("hello\nhello\n".utf8))
        }
        guard fields & 8 != 0 else { return }
        var changed = member
        changed[4] ^= 1
        #expect(throws: CodecError(.gzip, .corrupt("header crc mismatch"))) { try decode(changed, .gzip) }
    }

    @Test(
        arguments: [
            (0, 0x1E, "incorrect header check"), (1, 0x8C, "incorrect header check"),
            (2, 7, "unknown compression method"), (3, 0x20, "unknown header flags set"),
            (18, 0, "incorrect data check"), (22, 7, "incorrect length check"),
        ] as [(Int, UInt8, String)])
    func theMessageSaysWhatIsWrongWithAMember(index: Int, byte: UInt8, message: String) {
        var bytes = Self.gzip
        bytes[index] = byte
        for step in [1, 1000] {
            #expect(throws: CodecError(.gzip, .corrupt(message))) { try decode(bytes, .gzip, step: step) }
        }
    }

    @Test(arguments: CompressedFormat.allCases)
    func aReserveGivesOutWholeDecodersWithinItsLimit(format: CompressedFormat) throws {
        let reserve = DecoderReserve(limit: 8 << 20)
        let hello = Self.hello(format)
        let other = format == .gzip ? CompressedFormat.zstd : .gzip
        let first = reserve.take(format)
        // Left in the middle of a stream.
        _ = try first.decode(hello.bytes.extracting(first: hello.count - 1), into: ByteBlock(), room: 100)
        reserve.keep(first)
        #expect(reserve.memory == first.memory && reserve.memory > 0)
        #expect(reserve.take(other) !== first)
        let again = reserve.take(format)
        #expect(again === first && reserve.memory == 0)
        let output = ByteBlock()
        #expect(try again.decode(hello.bytes, into: output, room: 100) == hello.count)
        try again.end()
        #expect(output.bytes.array == Array("hello\n".utf8))
        let none = DecoderReserve(limit: 0)
        none.keep(again)
        #expect(none.memory == 0 && none.take(format) !== again)
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
        #expect(CompressedFormat.recognize(bytes) == recognition)
    }
}
