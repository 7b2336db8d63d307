import ByteIO
import Randomness
import S3Core
import S3Lines
import Testing

/// Random objects, options and failures, against a model without windows, ranges or order of responses. A
/// failure prints its seed.
@Suite(.serialized) struct GetLinesPropertyTests {
    private struct Case {
        var options = GetOptions()
        var keys: [String] = []
        var objects: [String: [String]] = [:]
        var failureRate = 0.0
        var connections = 1
    }

    @Test(arguments: 0..<80) func linesAreWholeAndInOrder(seed: UInt64) throws {
        try Self.compare(Self.make(seed), seed)
    }

    /// The same with a command that changes nothing.
    @Test(arguments: 1000..<1024) func linesPassThroughCommandsUnchanged(seed: UInt64) throws {
        SignalPipe.ignorePipeSignal()
        var each = Self.make(seed)
        each.options.filter = FilterOptions(command: "cat", settings: CommandSettings(), bucket: "b")
        each.options.isRaw = true
        try Self.compare(each, seed)
    }

    private static func compare(_ each: Case, _ seed: UInt64) throws {
        let stored = Dictionary(
            uniqueKeysWithValues: each.objects.map { ([UInt8]($0.utf8), [UInt8]($1.joined().utf8)) })
        let store = GetFakeStore(
            stored, seed: seed &* 31, failureRate: each.failureRate, connections: each.connections,
            hasHashes: seed % 2 == 1)
        let path = "/tmp/s3-lines-get-\(getpid())-\(seed)"
        defer { unsafe unlink(path) }
        let end = try Self.get(each, store, to: path)
        let text = try OpenFile.reading(path).contents(limit: 1 << 24)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map { String($0) + "\n" }

        #expect(store.violations == [] && store.pending == 0, "seed \(seed)")
        let expected = each.keys.flatMap { each.objects[$0] ?? [] }
        let isMissing = each.keys.contains { each.objects[$0] == nil }
        if each.failureRate == 0 {
            #expect(
                each.options.keepsOrder ? lines == expected : lines.sorted() == expected.sorted(),
                "seed \(seed)")
            #expect(end == (isMissing ? .someMissing : .complete), "seed \(seed)")
        } else {
            // In spite of failures, the output consists of whole lines in order, each once.
            let places = Dictionary(uniqueKeysWithValues: expected.enumerated().map { ($1, $0) })
            let found = lines.compactMap { places[$0] }
            #expect(found.count == lines.count && Set(found).count == found.count, "seed \(seed)")
            if each.options.keepsOrder { #expect(found == found.sorted(), "seed \(seed)") }
            let ends: [RunEnd] =
                lines.count < expected.count ? [.someFailed] : [.complete, .someMissing, .someFailed]
            #expect(ends.contains(end), "seed \(seed): \(end)")
        }
    }

    private static func get(_ each: Case, _ store: GetFakeStore, to path: String) throws -> RunEnd {
        let file = try OpenFile.appending(path)
        let run = try Run(store, Diagnostics(tool: "test"), output: file.descriptor, outputName: path)
        let lines = try GetLines(
            .operands(each.keys.map { [UInt8]($0.utf8) }), in: Location(bucket: "b"), store: store,
            options: each.options, run: run)
        return run.run(lines)
    }

    private static func make(_ seed: UInt64) -> Case {
        var random = SplitMix64(seed: seed)
        var each = Case()
        each.options.keepsOrder = Bool.random(using: &random)
        each.options.chunkSize = Int.random(in: 300...2000, using: &random)
        each.options.multipartThreshold = Int.random(in: 0...6000, using: &random)
        each.options.memory = each.options.chunkSize * Int.random(in: 4...12, using: &random) + 8 * 2048
        each.options.threads = Int.random(in: 1...3, using: &random)
        each.options.hashedInBackground = Int.random(in: 1...4000, using: &random)
        each.failureRate = seed % 3 == 0 ? 0.1 : 0
        each.connections = Int.random(in: 1...6, using: &random)
        for number in 0..<Int.random(in: 1...30, using: &random) {
            let key = "k\(number)"
            each.keys.append(key)
            if Int.random(in: 0..<12, using: &random) == 0 { continue }
            let size = Bool.random(using: &random) ? 400 : 9000
            var lines: [String] = []
            var count = Int.random(in: 0...size, using: &random)
            while count > 0 {
                let length = min(count, Int.random(in: 1...300, using: &random))
                lines.append("\(number)/\(lines.count) " + String(repeating: "x", count: length) + "\n")
                count -= length
            }
            each.objects[key] = lines
        }
        return each
    }
}
