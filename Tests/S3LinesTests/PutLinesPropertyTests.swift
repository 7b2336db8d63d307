import ByteIO
import Codec
import Randomness
import S3Core
import S3Lines
import Testing

/// Random records, options and failures, against a model without parts, memory or order of responses. A
/// failure prints its seed.
@Suite(.serialized) struct PutLinesPropertyTests {
    /// The input of one run and its results.
    private struct Run {
        let seed: UInt64
        var options: PutOptions
        /// Nil data is a close record.
        var records: [(key: String, data: String?)] = []
        var input = ""
        var rejectsFailures = false
        var failureRate = 0.0
        var connections = 1
    }

    @Test(arguments: 0..<120) func everyRecordIsStoredOrRejected(seed: UInt64) throws {
        _ = try check(seed)
    }

    /// The same with a command that changes nothing.
    @Test(arguments: 2000..<2016) func everyRecordPassesThroughACommand(seed: UInt64) throws {
        SignalPipe.ignorePipeSignal()
        _ = try check(seed, filter: "cat")
    }

    /// Makes sure that the tests above cover both.
    @Test func uploadsAreCompletedAndAborted() throws {
        let stores = try (0..<40).map { try check(UInt64($0)) }
        #expect(stores.contains { $0.completedUploads > 0 })
        #expect(stores.contains { $0.abortedUploads > 0 })
        // From the spool, and from memory.
        for kind in 1...2 {
            #expect(stores.enumerated().contains { $0 % 3 == kind && $1.replayed > 0 })
        }
    }

    private func check(_ seed: UInt64, filter: String? = nil) throws -> PutFakeStore {
        var run = Self.make(seed)
        if let filter {
            run.options.compression = nil
            // The bytes in pipes.
            run.options.memory += run.options.maxOpen * 512 * 1024
            run.options.filter = FilterOptions(command: filter, settings: CommandSettings(), bucket: "b")
        }
        let store = PutFakeStore(
            seed: seed &* 31, failureRate: run.failureRate, minPartSize: run.options.minPartSize,
            wantsEqualParts: seed % 5 == 0, connections: run.connections)
        let files = try Files()
        var options = run.options
        if run.rejectsFailures { options.rejectPath = files.rejects }
        try files.write(run.input, to: files.input)
        let end = try files.run(options, store)

        #expect(store.violations == [], "seed \(seed)")
        #expect(store.openUploads == 0, "seed \(seed)")
        #expect(store.pending == 0, "seed \(seed)")
        #expect(store.mostBytes <= options.memory, "seed \(seed)")
        let groups = Self.groups(run)
        let receipts = try files.read(files.output).split(separator: "\n").map(String.init)
        let compression = options.compression
        let stored = Dictionary(
            uniqueKeysWithValues: try store.objects.map {
                (String(decoding: $0, as: UTF8.self), try Self.text($1, compression))
            })
        // Every confirmed object is stored completely, and receipts are in order of completion. They end before the
        // first object that is neither stored nor rejected.
        let confirmed =
            run.rejectsFailures
            ? groups.filter { stored[$0.key] != nil } : Array(groups.prefix { stored[$0.key] != nil })
        #expect(receipts == confirmed.map(\.key), "seed \(seed)")
        #expect(Set(stored.keys).isSubset(of: groups.map(\.key)), "seed \(seed)")
        for group in groups {
            if let object = stored[group.key] { #expect(object == group.data, "seed \(seed)") }
        }
        if run.rejectsFailures {
            // Records that were not stored are in the file, unchanged.
            let lost = groups.filter { stored[$0.key] == nil }
            let expected = lost.map { group in
                group.data.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                    .map { group.key + "\t" + $0 + "\n" }.joined()
            }
            let rejected = try files.read(files.rejects)
            #expect(rejected.utf8.count == expected.reduce(0) { $0 + $1.utf8.count }, "seed \(seed)")
            // In order per object; records of other objects may be between them.
            let lines = Dictionary(
                grouping: rejected.split(separator: "\n", omittingEmptySubsequences: true),
                by: { $0.prefix { $0 != "\t" } })
            for (group, records) in zip(lost, expected) {
                let found = lines[group.key[...], default: []].map { $0 + "\n" }.joined()
                #expect(found == records, "seed \(seed)")
            }
            #expect(end == (lost.isEmpty ? .complete : .someFailed), "seed \(seed)")
        } else if run.failureRate == 0 {
            #expect(stored.count == groups.count, "seed \(seed)")
            #expect(end == .complete, "seed \(seed)")
        } else if stored.count < groups.count {
            guard case .stopped(.service) = end else {
                Issue.record("seed \(seed): \(end)")
                return store
            }
        }
        return store
    }

    private static func text(_ stored: [UInt8], _ compression: Compression?) throws -> String {
        guard let compression else { return String(decoding: stored, as: UTF8.self) }
        let decoder = Decoder(compression.format)
        let plain = ByteBlock()
        let used = try decoder.decode(stored.bytes, into: plain, room: 1 << 24)
        try decoder.end()
        #expect(used == stored.count)
        return String(decoding: plain.bytes.array, as: UTF8.self)
    }

    /// Random options, records and failures for a seed.
    private static func make(_ seed: UInt64) -> Run {
        var random = SplitMix64(seed: seed)
        var options = PutOptions(location: Location(bucket: "b"))
        options.maxOpen = Int.random(in: 1...4, using: &random)
        options.minPartSize = Int.random(in: 100...3000, using: &random)
        if Bool.random(using: &random) { options.partSize = options.minPartSize + 50 }
        // Each waiting draft and receipt needs about 1 KiB.
        options.memory = 16 * (options.partSize ?? options.minPartSize) + 16 * 1024
        let connections = Int.random(in: 1...20, using: &random)
        if seed % 4 == 3 {
            options.compression = seed % 8 == 3 ? .gzip(level: 1) : .zstd(level: 1)
            options.threads = Int(seed / 8 % 3)
            options.memory += options.maxOpen * 512 * 1024
        }
        var run = Run(seed: seed, options: options)
        run.connections = connections
        run.rejectsFailures = seed % 3 == 1
        run.failureRate = seed % 3 == 0 ? 0 : 0.05
        run.options.keepsParts = seed % 3 == 2

        let width = Int.random(in: 1...options.maxOpen, using: &random)
        var next = 0
        var names = (0..<width).map { _ in
            next += 1
            return "k\(next)"
        }
        for _ in 0..<Int.random(in: 0...400, using: &random) {
            let place = Int.random(in: 0..<width, using: &random)
            if Int.random(in: 0..<6, using: &random) == 0 {
                // Otherwise the object completed to make room might still get records.
                if run.records.contains(where: { $0.key == names[place] }) {
                    run.records.append((names[place], nil))
                    run.input += names[place] + "\n"
                }
                next += 1
                names[place] = "k\(next)"
            }
            let length =
                Int.random(in: 0..<20, using: &random) == 0
                ? Int.random(in: 0...4 * options.minPartSize, using: &random)
                : Int.random(in: 0...60, using: &random)
            let data = String(
                decoding: (0..<length).map { _ in UInt8.random(in: 0x21...0x7E, using: &random) },
                as: UTF8.self)
            run.records.append((names[place], data))
            run.input += names[place] + "\t" + data + "\n"
        }
        return run
    }

    /// The objects that the records form, in order of completion.
    private static func groups(_ run: Run) -> [(key: String, data: String)] {
        var open: [(key: String, data: String)] = []
        var completed: [(key: String, data: String)] = []
        for record in run.records {
            let index = open.firstIndex { $0.key == record.key }
            guard let data = record.data else {
                if let index { completed.append(open.remove(at: index)) }
                continue
            }
            if index == nil, open.count == run.options.maxOpen { completed.append(open.removeFirst()) }
            let before = index.map { open.remove(at: $0).data } ?? ""
            open.append((record.key, before + data + "\n"))
        }
        return completed + open
    }
}

/// The files of a run.
private final class Files {
    let directory: String
    var input: String { directory + "/input" }
    var output: String { directory + "/output" }
    var rejects: String { directory + "/rejects" }

    init() throws {
        var template = Array("/tmp/s3-lines-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError("mkdtemp", code: errno) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for path in [input, output, rejects] { unsafe unlink(path) }
        unsafe rmdir(directory)
    }

    func write(_ text: String, to path: String) throws {
        let file = try OpenFile.appending(path)
        try writeAll(text, to: file.descriptor, name: path)
    }

    func read(_ path: String) throws -> String {
        let descriptor = try restarting(path) { unsafe open(path, O_RDONLY) }
        defer { close(descriptor) }
        var reader = LineReader(descriptor: descriptor, name: path)
        while try reader.fill() > 0 {}
        return String(decoding: reader.unread.array, as: UTF8.self)
    }

    func run(_ options: PutOptions, _ store: PutFakeStore) throws -> RunEnd {
        let signals = try SignalPipe()
        let from = try OpenFile.reading(input, signals: signals)
        let to = try OpenFile.appending(output)
        let run = try Run(
            store, Diagnostics(tool: "test"), output: to.descriptor, outputName: output)
        return run.run(try PutLines(options, store: store, run: run), input: from.descriptor)
    }
}
