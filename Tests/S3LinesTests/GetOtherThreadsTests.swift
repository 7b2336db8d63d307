import ByteIO
import Randomness
import S3Core
import Testing

@testable import S3Lines

/// What other threads do for objects, and what is left of it when an object was dropped meanwhile.
@Suite(.serialized) struct GetOtherThreadsTests {
    private final class Pipe: Sendable {
        let reading: CInt
        let writing: CInt

        init() throws { (reading, writing) = try openPipe("pipe") }

        func put() {
            var byte: UInt8 = 0
            _ = unsafe write(writing, &byte, 1)
        }

        func take() {
            var byte: UInt8 = 0
            _ = unsafe read(reading, &byte, 1)
        }

        deinit {
            close(reading)
            close(writing)
        }
    }

    /// Keeps the threads of a pool busy, once they have finished earlier work, until `release`.
    private struct Blocker {
        private let threads: Int
        private let begun: Pipe
        private let end: Pipe

        init(_ pool: WorkPool, threads: Int) throws {
            self.threads = threads
            begun = try Pipe()
            end = try Pipe()
            for _ in 0..<threads {
                pool.submit(
                    Work { [begun, end] in
                        begun.put()
                        end.take()
                    }
                ) {}
            }
            for _ in 0..<threads { begun.take() }
        }

        func release() { for _ in 0..<threads { end.put() } }
    }

    /// Standard output as a pipe that is read only when the test says so.
    private struct SlowReader {
        let pipe: (reading: CInt, writing: CInt)
        private(set) var bytes: [UInt8] = []

        init() throws { pipe = try openPipe("output") }

        /// Reads until `count` bytes are here, or all if the pipe is closed.
        mutating func take(to count: Int = .max) {
            var part = [UInt8](repeating: 0, count: 1 << 16)
            while bytes.count < count {
                let taken = unsafe read(pipe.reading, &part, min(part.count, count - bytes.count))
                guard taken > 0 else { return }
                bytes += part.prefix(taken)
            }
        }
    }

    private static func get(
        _ keys: [[UInt8]], _ store: GetFakeStore, _ options: GetOptions, output: CInt
    ) throws -> (GetLines, Run) {
        let run = try Run(store, Diagnostics(tool: "test"), display: .line, output: output)
        return (
            try GetLines(
                .operands(keys), in: Location(bucket: "b"), store: store, options: options, run: run), run
        )
    }

    private static func step(_ lines: GetLines, _ output: CInt) throws {
        var input = LineReader(descriptor: output)
        _ = try lines.step(&input)
    }

    /// The last object arrives whole, is dropped for lack of memory before a thread had time for it, and then a longer
    /// version arrives in ranges: no thread must decompress the first range as if it were the whole object.
    @Test func anObjectThatWasReplacedByALongerOneIsNotTakenForWhole() throws {
        let keys = (0..<6).map { [UInt8]("k\($0)".utf8) }
        let texts = keys.map { [UInt8](String(repeating: "line of \($0)\n", count: 40_000).utf8) }
        var random = SplitMix64(seed: 7)
        let longer = (0..<20_000).map { "\($0) \(random.next())\n" }.joined()
        let store = GetFakeStore(
            Dictionary(uniqueKeysWithValues: zip(keys, texts.map(gzipped))), seed: 3, failureRate: 0,
            connections: 8, hasHashes: false)
        var options = GetOptions()
        options.threads = 2
        options.chunkSize = 8 << 10
        options.multipartThreshold = options.chunkSize
        options.memory = 16 * options.chunkSize
        var reader = try SlowReader()
        let (lines, run) = try Self.get(keys, store, options, output: reader.pipe.writing)

        // Four objects are given to the threads, and the fifth waits.
        store.held = [keys[0]]
        try Self.step(lines, reader.pipe.reading)
        store.answerAll()
        try Self.step(lines, reader.pipe.reading)
        #expect(lines.unprepared == [5])
        // Decompressed, they fill the memory.
        try Blocker(lines.pool, threads: 2).release()
        try Self.step(lines, reader.pipe.reading)
        #expect(lines.objects[5]?.drops == 1 && lines.objects[5]?.fetches.isEmpty == true)

        // It becomes the first object while the output is full.
        store.replace(keys[5], by: gzipped([UInt8](longer.utf8)))
        store.held = []
        store.answerAll()
        for _ in 0..<1000 where lines.window.head < 5 { try Self.step(lines, reader.pipe.reading) }
        try Self.step(lines, reader.pipe.reading)
        store.answerAll()
        _ = run.output.drain()
        let first = texts.dropLast().reduce(0) { $0 + $1.count }
        reader.take(to: first)
        while run.output.queuedBytes > 0 { usleep(1000) }

        let blocker = try Blocker(lines.pool, threads: 2)
        try Self.step(lines, reader.pipe.reading)
        store.answerAll()
        try Self.step(lines, reader.pipe.reading)
        blocker.release()
        #expect(run.run(lines) == .complete)
        close(reader.pipe.writing)
        reader.take()
        close(reader.pipe.reading)
        // Compared first: the library would look for the differences of megabytes.
        let isSame = reader.bytes == texts.dropLast().flatMap { $0 } + [UInt8](longer.utf8)
        #expect(isSame)
        let ranges = store.requests.filter { $0.key == keys[5] }.map { $0.range?.lowerBound ?? -1 }
        #expect(ranges.count == 1 + Set(ranges).count, "it was fetched once more, from its start")
    }

    /// A command gets an object that fits a chunk only when its checksum is known, and the end of a longer one.
    @Test(arguments: [1 << 20, 2000]) func objectsForACommandAreHashedByOtherThreads(chunkSize: Int) throws {
        SignalPipe.ignorePipeSignal()
        let keys = (0..<3).map { [UInt8]("k\($0)".utf8) }
        let texts = keys.map { [UInt8](String(repeating: "line of \($0)\n", count: 1000).utf8) }
        let store = GetFakeStore(
            Dictionary(uniqueKeysWithValues: zip(keys, texts)), seed: 5, failureRate: 0, connections: 8,
            hasHashes: true)
        var options = GetOptions()
        options.threads = 2
        options.chunkSize = chunkSize
        options.multipartThreshold = chunkSize
        options.hashedInBackground = 1000
        options.isRaw = true
        options.filter = FilterOptions(command: "cat", settings: CommandSettings(), bucket: "b")
        var reader = try SlowReader()
        let (lines, run) = try Self.get(keys, store, options, output: reader.pipe.writing)

        let blocker = try Blocker(lines.pool, threads: 2)
        for _ in 0..<5 {
            try Self.step(lines, reader.pipe.reading)
            store.answerAll()
        }
        try Self.step(lines, reader.pipe.reading)
        #expect(lines.pool.pending > 2, "this thread has hashed")
        let fits = chunkSize > texts[0].count
        #expect(lines.filtered.isEmpty == fits)
        #expect(fits || lines.filtered.allSatisfy { $0.command?.wantsInput == true })
        blocker.release()
        #expect(run.run(lines) == .complete)
        close(reader.pipe.writing)
        reader.take()
        close(reader.pipe.reading)
        #expect(reader.bytes == texts.flatMap { $0 })
        #expect(run.counts.share == 1, "bytes for commands and other threads count")
    }

    /// A fault that another thread finds before the object's turn keeps it from the command.
    @Test func aDamagedObjectStartsNoCommand() throws {
        let keys = [[UInt8]("k0".utf8), [UInt8]("k1".utf8)]
        let store = GetFakeStore(
            Dictionary(uniqueKeysWithValues: keys.map { ($0, [UInt8](repeating: 10, count: 5000)) }),
            seed: 6, failureRate: 0, connections: 2, hasHashes: true)
        store.hasWrongHashes = true
        var options = GetOptions()
        options.threads = 2
        options.hashedInBackground = 1000
        options.isRaw = true
        options.filter = FilterOptions(command: "cat", settings: CommandSettings(), bucket: "b")
        var reader = try SlowReader()
        let (lines, run) = try Self.get(keys, store, options, output: reader.pipe.writing)
        for _ in 0..<10_000 where run.failed < 2 {
            try Self.step(lines, reader.pipe.reading)
            #expect(lines.filtered.isEmpty)
            store.answerAll()
            usleep(100)
        }
        #expect(run.run(lines) == .someFailed)
        close(reader.pipe.writing)
        reader.take()
        close(reader.pipe.reading)
        #expect(reader.bytes == [])
    }
}
