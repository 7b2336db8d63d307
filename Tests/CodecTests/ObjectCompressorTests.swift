import ByteIO
import Codec
import Testing

@Suite struct ObjectCompressorTests {
    /// Compresses `plain`, appended in steps of `step` bytes.
    private func compress(
        _ plain: [UInt8], _ compression: Compression, threads: Int, step: Int = 100_000, workers: Int = 1,
        endsNow: Bool = false
    ) -> [UInt8] {
        let pool = WorkPool(threads: threads, wakeUp: {})
        let output = ByteBlock()
        var announced = 0
        let compressor = ObjectCompressor(compression, pool: pool, workers: workers) { announced += 1 }
        /// Reads available output in pieces of an odd size.
        func read() {
            while compressor.readable > 0 {
                let count = compressor.read(into: output, room: 777)
                #expect(count > 0 && count <= 777)
            }
        }
        for start in stride(from: 0, to: plain.count, by: step) {
            compressor.append(plain.bytes.extracting(start..<min(start + step, plain.count)))
            pool.handBack()
            if announced > 0 { read() }
        }
        #expect(!compressor.isAtEnd)
        if endsNow { compressor.finishNow() } else { compressor.finish() }
        read()
        #expect(!endsNow || compressor.isAtEnd)
        while pool.pending > 0 {
            let before = announced
            pool.handBack()
            if announced > before { read() }
        }
        #expect(compressor.isAtEnd && compressor.read(into: output, room: 1) == 0)
        let stored = output.bytes.array
        return stored
    }

    private func plain(_ stored: [UInt8], _ format: CompressedFormat, count: Int) throws -> [UInt8] {
        let decoder = Decoder(format)
        let output = ByteBlock()
        #expect(try decoder.decode(stored.bytes, into: output, room: count + 1) == stored.count)
        try decoder.end()
        return output.bytes.array
    }

    /// Compressible text that does not repeat itself.
    private static func text(_ count: Int) -> [UInt8] {
        var text: [UInt8] = []
        var state: UInt64 = 7
        while text.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += "line \(text.count) says \(state >> 40)\n".utf8
        }
        return Array(text.prefix(count))
    }

    private static let block = 128 << 10

    @Test(arguments: [0, 1, 2047, 2048, block - 1, block, block + 1, 2 * block, 2 * block + 1, 900_000])
    func theOutputDoesNotDependOnTheNumberOfThreads(count: Int) throws {
        let text = Self.text(count)
        for compression in [Compression.gzip(level: 1), .gzip(level: 9), .zstd(level: 1), .zstd(level: 5)] {
            let stored = compress(text, compression, threads: 0)
            #expect(try plain(stored, compression.format, count: count) == text, "\(compression)")
            for threads in [1, 3] {
                #expect(compress(text, compression, threads: threads, step: 7777) == stored, "\(compression)")
            }
            #expect(compress(text, compression, threads: 2, endsNow: true) == stored, "\(compression)")
        }
    }

    /// More than one job of libzstd's.
    @Test func theOutputDoesNotDependOnTheLibrarysThreads() throws {
        let text = Self.text(5_000_000)
        let stored = compress(text, .zstd(level: 1), threads: 1, workers: 1)
        #expect(try plain(stored, .zstd, count: text.count) == text)
        #expect(compress(text, .zstd(level: 1), threads: 2, workers: 3) == stored)
    }

    /// The input of a long object must not be read faster than it is compressed.
    @Test(arguments: [Compression.gzip(level: 1), .zstd(level: 1)])
    func thePoolIsFullOnceSomeBlocksWait(compression: Compression) {
        let pool = WorkPool(threads: 2, wakeUp: {})
        let compressor = ObjectCompressor(compression, pool: pool, workers: 1) {}
        let text = Self.text(1 << 20)
        for _ in 0..<8 where pool.hasRoom { compressor.append(text.bytes) }
        #expect(!pool.hasRoom)
        compressor.cancel()
    }

    /// A thread that compressed at one level may have to at another.
    @Test func consecutiveObjectsHaveTheirOwnLevels() throws {
        let pool = WorkPool(threads: 0, wakeUp: {})
        let text = Self.text(300_000)
        func compressed(_ level: Int, _ pool: WorkPool) -> [UInt8] {
            let compressor = ObjectCompressor(.gzip(level: level), pool: pool, workers: 0) {}
            compressor.append(text.bytes)
            compressor.finishNow()
            let output = ByteBlock()
            while compressor.readable > 0 { _ = compressor.read(into: output, room: 1000) }
            let stored = output.bytes.array
            return stored
        }
        for level in [1, 6, 6, 1, 9] {
            let stored = compressed(level, pool)
            #expect(stored == compressed(level, WorkPool(threads: 0, wakeUp: {})), "level \(level)")
            #expect(try plain(stored, .gzip, count: text.count) == text)
        }
    }

    /// One member or one frame: many readers stop after the first one.
    @Test func anObjectIsOneMemberOrFrame() throws {
        let text = Self.text(700_000)
        let gzip = compress(text, .gzip(level: 6), threads: 2)
        #expect(Array(gzip.suffix(4)) == [0x60, 0xAE, 0x0A, 0x00])
        let zstd = compress(text, .zstd(level: 3), threads: 2)
        let begins = zstd.indices.filter { zstd[$0...].starts(with: [0x28, 0xB5, 0x2F, 0xFD]) }
        #expect(begins == [0])
    }

    /// Each block uses the previous one as its dictionary.
    @Test func blocksAddLittleToTheSize() {
        let text = [UInt8]((0..<60_000).map { "the same words again and again \($0)\n" }.joined().utf8)
        let blocks = compress(text, .gzip(level: 6), threads: 2)
        let size = text.count
        #expect(blocks.count < size / 5)
    }

    @Test func aCancelledObjectProducesNoMoreOutput() {
        let pool = WorkPool(threads: 2, wakeUp: {})
        var announced = 0
        let compressor = ObjectCompressor(.gzip(level: 6), pool: pool, workers: 0) { announced += 1 }
        compressor.append(Self.text(500_000).bytes)
        compressor.cancel()
        while pool.pending > 0 { pool.handBack() }
        #expect(announced == 0 && compressor.readable == 0)
    }
}
