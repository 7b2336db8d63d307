import ByteIO
import KeyTemplate
import Randomness
import Testing

/// Events in, output records out: `key:partition` for a record, `-key` for a close record.
private struct Batching {
    var table: BatchTable
    var keys = 0

    init(_ limits: BatchLimits, open: Int = 1) { table = BatchTable(limits, maximumOpen: open) }

    mutating func lines(_ partitions: String, size: Int = 1, at now: Int = 0) -> String {
        partitions.map { line(String($0), size: size, at: now) }.joined(separator: " ")
    }

    mutating func line(_ partition: String, size: Int, at now: Int) -> String {
        var text = ByteBuffer()
        text.append([UInt8](partition.utf8), 0..<partition.utf8.count)
        if let slot = table.join(text, size: size) { return "\(name(table.keyField(slot))):\(partition)" }
        let key = [UInt8]("\(keys)".utf8)
        keys += 1
        let begun = table.begin(text, keyField: key, size: size, at: now)
        let closing = begun.closing.map { "-\(name($0)) " } ?? ""
        return closing + "\(name(table.keyField(begun.slot))):\(partition)"
    }

    mutating func expire(at now: Int) -> String {
        var closed: [String] = []
        while let key = table.expire(at: now) { closed.append("-" + name(key)) }
        return closed.joined(separator: " ")
    }

    mutating func endFull() -> String {
        var closed: [String] = []
        while let key = table.endFull() { closed.append("-" + name(key)) }
        return closed.joined(separator: " ")
    }

    mutating func end() -> String {
        var closed: [String] = []
        while let key = table.end() { closed.append("-" + name(key)) }
        return closed.joined(separator: " ")
    }

    private func name(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }
}

@Suite struct BatchTableTests {
    @Test func endsAfterItsLines() {
        var batching = Batching(BatchLimits(lines: 2))
        #expect(batching.lines("aaaaa") == "0:a 0:a 1:a 1:a 2:a")
    }

    @Test func endsBeforeItExceedsItsBytes() {
        var batching = Batching(BatchLimits(bytes: 10))
        #expect(batching.lines("aaa", size: 4) == "0:a 0:a 1:a")
        #expect(batching.lines("a", size: 6) == "1:a")
        #expect(batching.lines("aa", size: 100) == "2:a 3:a")
        #expect(batching.lines("a", size: 1) == "4:a")
    }

    @Test func theFirstLimitReachedEndsIt() {
        var batching = Batching(BatchLimits(lines: 3, bytes: 10))
        #expect(batching.lines("aaaa") == "0:a 0:a 0:a 1:a")
        #expect(batching.lines("a", size: 10) == "2:a")
    }

    @Test func anotherPartitionEndsTheOnlyBatch() {
        var batching = Batching(BatchLimits(lines: 9))
        #expect(batching.lines("aabba") == "0:a 0:a 1:b 1:b 2:a")
    }

    @Test func interleavedPartitionsFillTheirBatches() {
        var batching = Batching(BatchLimits(lines: 3), open: 2)
        #expect(batching.lines("ababab") == "0:a 1:b 0:a 1:b 0:a 1:b")
        #expect(batching.lines("ab") == "-0 2:a -1 3:b")
    }

    @Test func theLeastRecentlyUsedMakesRoom() {
        var batching = Batching(BatchLimits(lines: 9), open: 2)
        #expect(batching.lines("abac") == "0:a 1:b 0:a -1 2:c")
        #expect(batching.lines("ab") == "0:a -2 3:b")
    }

    @Test func aFullBatchMakesRoomFirst() {
        var batching = Batching(BatchLimits(lines: 2), open: 2)
        #expect(batching.lines("baac") == "0:b 1:a 1:a -1 2:c")
        #expect(batching.lines("b") == "0:b")
    }

    @Test func timeCountsFromTheFirstLine() {
        var batching = Batching(BatchLimits(milliseconds: 100), open: 3)
        #expect(batching.table.deadline == nil)
        #expect(batching.lines("a", at: 1000) == "0:a")
        #expect(batching.lines("b", at: 1050) == "1:b")
        #expect(batching.lines("a", at: 1090) == "0:a")
        #expect(batching.table.deadline == 1100)
        #expect(batching.expire(at: 1099) == "")
        #expect(batching.expire(at: 1100) == "-0")
        #expect(batching.table.deadline == 1150)
        #expect(batching.lines("a", at: 1110) == "2:a")
        #expect(batching.expire(at: 2000) == "-1 -2")
        #expect(batching.table.deadline == nil)
    }

    /// Otherwise the reader of the records would wait for the next line to complete the object.
    @Test func aFullBatchIsClosedAtItsDeadline() {
        var batching = Batching(BatchLimits(lines: 2, milliseconds: 100))
        #expect(batching.lines("aa", at: 0) == "0:a 0:a")
        #expect(batching.expire(at: 100) == "-0")
    }

    @Test func fullBatchesAreClosedWhenInputPauses() {
        var batching = Batching(BatchLimits(lines: 2, bytes: 10), open: 3)
        #expect(batching.endFull() == "")
        #expect(batching.lines("abab") == "0:a 1:b 0:a 1:b")
        #expect(batching.line("c", size: 9, at: 0) == "2:c")
        #expect(Set(batching.endFull().split(separator: " ")) == ["-0", "-1"])
        #expect(batching.endFull() == "")
        #expect(batching.lines("ac") == "3:a 2:c")
        #expect(batching.endFull() == "-2")
        var alone = Batching(BatchLimits(lines: 2))
        #expect(alone.lines("aa") == "0:a 0:a")
        #expect(alone.endFull() == "-0")
        #expect(alone.lines("aaa") == "1:a 1:a 2:a")
    }

    @Test func atTheEndAllAreClosedOldestFirst() {
        var batching = Batching(BatchLimits(lines: 9), open: 3)
        _ = batching.lines("abcab")
        #expect(batching.end() == "-0 -1 -2")
        #expect(batching.end() == "")
        #expect(batching.lines("a") == "3:a")
    }

    /// Against a model: never more open batches than allowed, no key is used again after its batch ended, and
    /// no batch exceeds its limits.
    @Test(arguments: [UInt64(3), .random(in: 0...UInt64.max)])
    func keepsItsPromises(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let most = Int.random(in: 1...5, using: &random)
            let limits = BatchLimits(
                lines: Int.random(in: 1...6, using: &random), bytes: Int.random(in: 5...40, using: &random),
                milliseconds: Int.random(in: 5...50, using: &random))
            var batching = Batching(limits, open: most)
            var open: [String: (partition: String, lines: Int, bytes: Int)] = [:]
            var gone = Set<String>()
            for now in 0..<300 {
                let size = Int.random(in: 1...9, using: &random)
                let partition = String(Array("abcdefg").randomElement(using: &random) ?? "a")
                let written = [batching.expire(at: now), batching.line(partition, size: size, at: now)]
                for word in written.joined(separator: " ").split(separator: " ") {
                    if word.hasPrefix("-") {
                        #expect(open.removeValue(forKey: String(word.dropFirst())) != nil, "seed \(seed)")
                        gone.insert(String(word.dropFirst()))
                        continue
                    }
                    let key = String(word.prefix { $0 != ":" })
                    if most == 1, open[key] == nil {
                        gone.formUnion(open.keys)
                        open = [:]
                    }
                    #expect(!gone.contains(key), "seed \(seed): \(key) comes again")
                    let batch = open[key] ?? (partition, 0, 0)
                    #expect(batch.partition == partition, "seed \(seed)")
                    open[key] = (partition, batch.lines + 1, batch.bytes + size)
                    #expect(open.count <= most, "seed \(seed)")
                    #expect(batch.lines < limits.lines ?? 0, "seed \(seed)")
                    #expect(batch.lines == 0 || batch.bytes + size <= limits.bytes ?? 0, "seed \(seed)")
                }
            }
        }
    }
}
