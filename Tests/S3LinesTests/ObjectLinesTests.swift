import ByteIO
import Codec
import Digest
import S3Core
import Testing

@testable import S3Lines

/// The tested value in a class, because expectations copy what they use.
private final class Lines {
    private var lines: ObjectLines

    init(
        isRaw: Bool = false, isFiltered: Bool = false, chunkSize: Int, size: Int?,
        checksum: ObjectChecksum? = nil, hashedInBackground: Int? = nil
    ) {
        lines = ObjectLines(
            isRaw: isRaw, isFiltered: isFiltered, chunkSize: chunkSize, longestLine: 1000,
            decoders: DecoderReserve(limit: 0), hashedInBackground: hashedInBackground)
        lines.begin(size: size, checksum: checksum)
    }

    var isDone: Bool { lines.isDone }
    var carriedBytes: Int { lines.carriedBytes }
    var consumedBytes: Int { lines.consumedBytes }
    func append(_ bytes: [UInt8]) { lines.append(ByteSlice(ByteBlock(bytes.bytes))) }
    func end() throws(ObjectLines.Problem) { try lines.end() }
    /// Like another thread.
    func decodeAhead(limit: Int) -> Int? {
        guard let decoding = lines.lend(limit: limit) else { return nil }
        let given = try? lines.next()
        #expect(given?.isEmpty == true && !lines.isDone, "nothing comes while it is lent")
        decoding.run()
        lines.takeBack(decoding)
        return decoding.consumedBytes
    }
    func takeStored() -> [UInt8] { lines.takeStored().flatMap { $0.bytes.array } }
    func appendFiltered(_ text: String) {
        lines.appendFiltered(ByteSlice(ByteBlock([UInt8](text.utf8).bytes)))
    }
    func endFiltered() { lines.endFiltered() }
    /// Like another thread.
    func hashInBackground() -> BackgroundHashing? {
        let hashing = lines.lendBytes()
        hashing?.run()
        return hashing
    }
    func takeBack(_ hashing: BackgroundHashing) { lines.takeBack(hashing) }
    func next() throws(ObjectLines.Problem) -> [UInt8] { try lines.next().flatMap { $0.bytes.array } }
}

/// An object's bytes through verification, decompression and splitting.
struct ObjectLinesTests {
    private static let text = [UInt8]("one\ntwo\nthree".utf8)
    /// `text`, compressed with gzip(1).
    private static let compressed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xCB, 0xCF, 0x4B, 0xE5, 0x2A, 0x29,
        0xCF, 0xE7, 0x2A, 0xC9, 0x28, 0x4A, 0x4D, 0x05, 0x00,
    ]

    private func checksum(_ bytes: [UInt8]) -> ObjectChecksum {
        ObjectChecksum(.crc32, Base64.encode(CRC.checksum(bytes.bytes, .crc32).bigEndianBytes))
    }

    @Test func anObjectThatFitsAChunkIsReturnedOnlyWhenComplete() throws {
        let lines = Lines(chunkSize: 100, size: Self.text.count, checksum: checksum(Self.text))
        lines.append(Self.text)
        #expect(try lines.next().isEmpty)
        try lines.end()
        #expect(try lines.next() == Self.text)
        #expect(lines.isDone)
    }

    @Test func aWrongChecksumIsAProblem() throws {
        let lines = Lines(chunkSize: 100, size: 3, checksum: checksum([1, 2, 3]))
        lines.append([1, 2, 4])
        do {
            try lines.end()
            Issue.record("no error")
        } catch { #expect(error.failure.kind == .damaged) }
    }

    private func hash(_ bytes: [UInt8]) -> ObjectChecksum {
        ObjectChecksum(.sha256, Base64.encode(MessageDigest.hash(bytes.bytes, .sha256)))
    }

    @Test func anExpensiveChecksumIsVerifiedInAnotherThread() throws {
        let sum = hash(Self.text)
        let lines = Lines(chunkSize: 6, size: Self.text.count, checksum: sum, hashedInBackground: 8)
        lines.append(Array(Self.text.prefix(7)))
        #expect(lines.hashInBackground() == nil, "not worth a thread")
        lines.append([Self.text[7]])
        let first = try #require(lines.hashInBackground())
        #expect(try lines.next() == Array("one\ntwo\n".utf8))
        // The bytes are kept for their checksum.
        #expect(lines.carriedBytes == 8)
        #expect(lines.hashInBackground() == nil)
        lines.append(Array(Self.text.dropFirst(8)))
        try lines.end()
        // The end is given out only after verification.
        #expect(try lines.next().isEmpty && !lines.isDone)
        lines.takeBack(first)
        #expect(try lines.next().isEmpty && lines.carriedBytes == 0)
        lines.takeBack(try #require(lines.hashInBackground()))
        #expect(try lines.next() == Array("three".utf8))
        #expect(lines.isDone)
    }

    /// The end may arrive after all bytes were hashed.
    @Test func theEndMayFollowTheHash() throws {
        let lines = Lines(
            chunkSize: 6, size: Self.text.count, checksum: hash(Self.text), hashedInBackground: 1)
        lines.append(Self.text)
        lines.takeBack(try #require(lines.hashInBackground()))
        #expect(lines.hashInBackground() == nil)
        try lines.end()
        #expect(try lines.next() == Self.text)
        #expect(lines.isDone)
    }

    @Test(arguments: [1, 13]) func aMismatchFoundByAnotherThreadIsReported(least: Int) throws {
        let lines = Lines(
            chunkSize: 100, size: Self.text.count, checksum: hash([1]), hashedInBackground: least)
        lines.append(Self.text)
        try lines.end()
        #expect(try lines.next().isEmpty)
        lines.takeBack(try #require(lines.hashInBackground()))
        #expect(throws: ObjectLines.Problem.self) { try lines.next() }
    }

    @Test(arguments: [nil, 14]) func aSmallObjectIsVerifiedImmediately(least: Int?) throws {
        let lines = Lines(
            chunkSize: 100, size: Self.text.count, checksum: hash([1]), hashedInBackground: least)
        lines.append(Self.text)
        #expect(throws: ObjectLines.Problem.self) { try lines.end() }
    }

    @Test func aLongObjectIsReturnedAsItArrives() throws {
        let lines = Lines(chunkSize: 2, size: Self.text.count)
        lines.append(Array(Self.text.prefix(5)))
        #expect(try lines.next() == Array("one\n".utf8))
        #expect(lines.carriedBytes == 1)
        #expect(lines.consumedBytes == 5)
    }

    @Test func anObjectOfUnknownSizeIsHeldBackUpToOneChunk() throws {
        let lines = Lines(chunkSize: 6, size: nil)
        lines.append([UInt8]("one\n".utf8))
        #expect(try lines.next().isEmpty)
        lines.append([UInt8]("two\n".utf8))
        #expect(try lines.next() == Array("one\ntwo\n".utf8))
    }

    @Test(arguments: 1...12)
    func aGzipObjectMayBeSplitAnywhere(step: Int) throws {
        for chunkSize in [2, 1000] {
            let trailer =
                CRC.checksum(Self.text.bytes, .crc32).bigEndianBytes.reversed() + [
                    UInt8(Self.text.count), 0, 0, 0,
                ]
            var whole = Self.compressed + trailer
            whole += whole
            let lines = Lines(chunkSize: chunkSize, size: whole.count)
            var written: [UInt8] = []
            for start in stride(from: 0, to: whole.count, by: step) {
                lines.append(Array(whole[start..<min(start + step, whole.count)]))
                written += try lines.next()
            }
            try lines.end()
            while !lines.isDone { written += try lines.next() }
            #expect(written == Self.text + Self.text)
            #expect(lines.consumedBytes == whole.count)
        }
    }

    @Test(arguments: [0, 3, 1000]) func decompressingAheadGivesTheSameBytes(limit: Int) throws {
        let trailer =
            CRC.checksum(Self.text.bytes, .crc32).bigEndianBytes.reversed() + [
                UInt8(Self.text.count), 0, 0, 0,
            ]
        let whole = Self.compressed + trailer
        let lines = Lines(chunkSize: 1000, size: whole.count)
        lines.append(whole)
        try lines.end()
        #expect(lines.decodeAhead(limit: limit) == whole.count)
        #expect(try lines.next() == Self.text)
        #expect(lines.isDone && lines.consumedBytes == whole.count)
    }

    @Test func damageFoundAheadIsReported() throws {
        let lines = Lines(chunkSize: 1000, size: 33)
        lines.append(Self.compressed + [0, 0, 0, 0, 0, 0, 0, 0])
        try lines.end()
        #expect(lines.decodeAhead(limit: 1000) != nil)
        #expect(throws: ObjectLines.Problem.self) { try lines.next() }
    }

    /// The run asks for lines after each event, also of other objects.
    @Test func aZstdObjectMayArriveSlowly() throws {
        // `one\ntwo\nthree\n` by zstd(1).
        let stored: [UInt8] = [
            0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0x71, 0x00, 0x00, 0x6F, 0x6E, 0x65, 0x0A, 0x74, 0x77, 0x6F,
            0x0A, 0x74, 0x68, 0x72, 0x65, 0x65, 0x0A, 0xA4, 0x58, 0x89, 0x34,
        ]
        let lines = Lines(chunkSize: 4, size: stored.count)
        lines.append(Array(stored.prefix(15)))
        var text: [UInt8] = []
        for _ in 0..<40 { text += try lines.next() }
        lines.append(Array(stored.dropFirst(15)))
        try lines.end()
        text += try lines.next()
        #expect(text == Array("one\ntwo\nthree\n".utf8) && lines.isDone)
    }

    @Test func plainBytesAreNotLent() throws {
        let lines = Lines(chunkSize: 1000, size: Self.text.count)
        lines.append(Self.text)
        try lines.end()
        #expect(lines.decodeAhead(limit: 1000) == nil)
        #expect(try lines.next() == Self.text)
    }

    @Test func rawKeepsGzipAsItIs() throws {
        let lines = Lines(isRaw: true, chunkSize: 100, size: Self.compressed.count)
        lines.append(Self.compressed)
        try lines.end()
        #expect(try lines.next() == Self.compressed)
    }

    @Test(arguments: [[], [0x1F], [0x1F, 0x8B], [0x1F, 0x8B, 0x07, 0x00]] as [[UInt8]])
    func aPartialGzipHeaderIsNotGzip(bytes: [UInt8]) throws {
        let lines = Lines(chunkSize: 100, size: bytes.count)
        lines.append(bytes)
        try lines.end()
        #expect(try lines.next() == bytes)
        #expect(lines.isDone)
    }

    // MARK: filter command

    @Test func aCommandGetsOnlyVerifiedBytes() throws {
        let lines = Lines(
            isFiltered: true, chunkSize: 100, size: Self.text.count, checksum: checksum(Self.text))
        lines.append(Self.text)
        #expect(lines.takeStored() == [])
        try lines.end()
        #expect(lines.takeStored() == Self.text)
    }

    @Test func outputThatFitsAChunkWaitsForTheCommandToSucceed() throws {
        let lines = Lines(isFiltered: true, chunkSize: 100, size: Self.text.count)
        lines.append(Self.text)
        try lines.end()
        _ = lines.takeStored()
        lines.appendFiltered("a\nb")
        #expect(try lines.next().isEmpty)
        lines.endFiltered()
        #expect(try lines.next() == [UInt8]("a\nb".utf8) && lines.isDone)
    }

    @Test func longerOutputIsReturnedInWholeLines() throws {
        let lines = Lines(isFiltered: true, chunkSize: 10, size: Self.text.count)
        lines.append(Self.text)
        #expect(lines.takeStored() == Self.text)
        lines.appendFiltered("a\nb")
        #expect(try lines.next() == [UInt8]("a\n".utf8) && !lines.isDone)
        lines.endFiltered()
        #expect(try lines.next() == [UInt8]("b".utf8) && lines.isDone)
    }

    @Test func theRestMayBeMissing() throws {
        let lines = Lines(isFiltered: true, chunkSize: 10, size: 1000)
        lines.append(Self.text)
        _ = lines.takeStored()
        lines.endFiltered()
        #expect(try lines.next().isEmpty && lines.isDone)
    }
}
