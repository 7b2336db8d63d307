import ByteIO
import S3Core
import S3Lines
import Testing

/// Objects that arrive faster than they are written are decompressed by the pool's threads.
@Suite(.serialized) struct AheadDecodingTests {
    @Test func objectsThatArriveTogetherAreDecompressedByOtherThreads() throws {
        let keys = (0..<6).map { [UInt8]("k\($0)".utf8) }
        let texts = keys.map { [UInt8](String(repeating: "line of \($0)\n", count: 4000).utf8) }
        let objects = zip(keys, texts).map { ($0, gzipped($1)) }
        let store = GetFakeStore(
            Dictionary(uniqueKeysWithValues: objects), seed: 1, failureRate: 0, connections: keys.count,
            hasHashes: false)
        let path = "/tmp/s3-lines-get-\(getpid())-decoding"
        defer { unsafe unlink(path) }
        let file = try OpenFile.appending(path)
        let run = try Run(store, Diagnostics(tool: "test"), output: file.descriptor, outputName: path)
        var options = GetOptions()
        options.threads = 2
        let lines = try GetLines(
            .operands(keys), in: Location(bucket: "b"), store: store, options: options, run: run)

        var input = LineReader(descriptor: file.descriptor, name: path)
        _ = try lines.step(&input)
        #expect(store.pending == keys.count)
        while store.pending > 0 { _ = store.turn(waitingFor: [], milliseconds: 0) }
        _ = try lines.step(&input)
        #expect(run.output.acceptedBytes == 0, "this thread has decompressed")

        #expect(run.run(lines) == .complete)
        #expect(try OpenFile.reading(path).contents(limit: 1 << 24) == texts.flatMap { $0 })
    }
}
