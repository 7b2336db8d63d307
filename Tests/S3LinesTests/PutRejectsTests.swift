import ByteIO
import Codec
import Testing

@testable import S3Lines

/// Copying to the file of rejected records, step by step.
@Suite struct PutRejectsTests {
    private let path = "/tmp/s3-lines-rejects-\(UInt64.random(in: 0 ... .max))"

    private func content() throws -> [UInt8] {
        try OpenFile.reading(path).contents(limit: 1 << 26)
    }

    /// `count` different lines.
    private static func lines(_ count: Int) -> [UInt8] {
        (0..<count).flatMap { [UInt8]("\($0) of the object, and \($0 &* 7919) of no object\n".utf8) }
    }

    private static func rejected(_ data: [UInt8], key: String, isCompressed: Bool = false) throws
        -> PutRejected
    {
        var stored = data
        if isCompressed {
            let pool = WorkPool(threads: 0, wakeUp: {})
            let compressor = ObjectCompressor(.gzip(level: 9), pool: pool, workers: 0) {}
            compressor.append(data.bytes)
            compressor.finishNow()
            let output = ByteBlock()
            while compressor.readable > 0 {
                _ = compressor.read(into: output, room: compressor.readable)
            }
            stored = output.bytes.array
            // As in each turn of a run; until then the pool keeps its results.
            pool.handBack()
        }
        // One part was sent, the rest was not.
        let spool = try PutSpool(directory: "/tmp")
        let cut = stored.count * 9 / 10
        try spool.append(stored.bytes.extracting(first: cut))
        return PutRejected(
            label: key, key: [UInt8](key.utf8), recordBytes: data.count,
            compression: isCompressed ? .gzip(level: 9) : nil,
            spool: spool, body: ByteBlock(stored.bytes.extracting(droppingFirst: cut)))
    }

    private static func records(_ data: [UInt8], key: String) -> String {
        String(decoding: data, as: UTF8.self).split(separator: "\n").map { "\(key)\t\($0)\n" }.joined()
    }

    @Test(arguments: [false, true])
    func aLargeObjectIsCopiedInSteps(isCompressed: Bool) throws {
        defer { unsafe unlink(path) }
        let data = Self.lines(100_000)
        let object = try Self.rejected(data, key: "large", isCompressed: isCompressed)
        var rejects = try PutRejects(path)
        rejects.append(object)
        var steps = 0
        var released = 0
        var size = 0
        while rejects.isUnderWay {
            let unwritten = rejects.uncopied.map(\.label)
            #expect(unwritten == ["large"] && released == 0)
            released += try rejects.step()
            try rejects.flush()
            steps += 1
            let grown = try content().count
            #expect(grown - size < 2 << 20, "one step does not copy more than it may")
            size = grown
        }
        #expect(steps > data.count >> 20 && released == object.memory)
        #expect(String(decoding: try content(), as: UTF8.self) == Self.records(data, key: "large"))
    }

    @Test func laterRejectsWaitInAQueue() throws {
        defer { unsafe unlink(path) }
        let data = Self.lines(50_000)
        var rejects = try PutRejects(path)
        rejects.append(try Self.rejected(data, key: "a"))
        _ = try rejects.step()
        let line = [UInt8]("none".utf8)
        try rejects.append(line.bytes, endsLine: true)
        rejects.append(try Self.rejected([UInt8]("x\n".utf8), key: "b"))
        var unwritten = rejects.unwritten
        #expect(unwritten.labels == ["a", "b"] && unwritten.lines == 1)
        while rejects.isUnderWay { _ = try rejects.step() }
        // The disk may be full when the rest is written.
        unwritten = rejects.unwritten
        #expect(unwritten.labels == ["a", "b"] && unwritten.lines == 1)
        try rejects.flush()
        unwritten = rejects.unwritten
        #expect(unwritten.labels.isEmpty && unwritten.lines == 0)
        let expected = Self.records(data, key: "a") + "none\nb\tx\n"
        #expect(String(decoding: try content(), as: UTF8.self) == expected)
    }

    @Test func aLineThatCannotBeWrittenIsUnwritten() throws {
        var rejects = try PutRejects("/dev/full")
        // More than is gathered for one write.
        let line = [UInt8](repeating: 0x78, count: 1 << 20)
        var isFull = false
        do throws(SystemError) { try rejects.append(line.bytes, endsLine: true) } catch { isFull = true }
        let unwritten = rejects.unwritten
        #expect(isFull && unwritten.lines == 1)
    }

    @Test func anObjectWaitsForTheEndOfALine() throws {
        defer { unsafe unlink(path) }
        var rejects = try PutRejects(path)
        let piece = [UInt8]("piece".utf8)
        try rejects.append(piece.bytes, endsLine: false)
        rejects.append(try Self.rejected([UInt8]("x\n".utf8), key: "b"))
        _ = try rejects.step()
        var isUnderWay = rejects.isUnderWay
        #expect(!isUnderWay)
        try rejects.append(piece.bytes, endsLine: true)
        isUnderWay = rejects.isUnderWay
        #expect(isUnderWay)
        _ = try rejects.step()
        try rejects.flush()
        #expect(String(decoding: try content(), as: UTF8.self) == "piecepiece\nb\tx\n")
    }
}
