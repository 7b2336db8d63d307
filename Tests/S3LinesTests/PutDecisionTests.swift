import ByteIO
import S3Core
import S3Lines
import Testing

@Suite struct PutGroupingTests {
    @Test func consecutiveRecordsOfAKeyAreOneObject() {
        var grouping = PutGrouping()
        #expect(grouping.record(key("a")) == .open(0, completing: nil))
        #expect(grouping.record(key("a")) == .append(0))
        #expect(grouping.record(key("b")) == .open(0, completing: 0))
        #expect(grouping.closeAll() == [0])
    }

    @Test func aRepeatedKeyIsRefusedAfterCompletion() {
        var grouping = PutGrouping()
        _ = grouping.record(key("a"))
        _ = grouping.record(key("b"))
        #expect(grouping.record(key("a")) == .comesAgain(completing: 0))
        #expect(grouping.record(key("b")) == .comesAgain(completing: nil))
    }

    @Test func theLeastRecentlyUsedObjectIsCompletedFirst() {
        var grouping = PutGrouping(maxOpen: 3)
        for (index, name) in ["a", "b", "c"].enumerated() {
            #expect(grouping.record(key(name)) == .open(index, completing: nil))
        }
        #expect(grouping.record(key("a")) == .append(0))
        #expect(grouping.record(key("d")) == .open(1, completing: 1))
        #expect(grouping.record(key("e")) == .open(2, completing: 2))
        #expect(grouping.record(key("b")) == .comesAgain(completing: 0))
        #expect(grouping.closeAll() == [1, 2])
    }

    @Test func theOldestObjectIsTheLeastRecentlyUsedOne() {
        let width = 50
        var grouping = PutGrouping(maxOpen: width)
        var random = SeededGenerator(3)
        var model: [String] = []
        var slots: [String: PutGrouping.Slot] = [:]
        for number in 0..<5000 {
            let name =
                Bool.random(using: &random)
                ? model.randomElement(using: &random) ?? "k\(number)" : "k\(number)"
            let isOpen = model.contains(name)
            let decision = grouping.record(key(name))
            if isOpen {
                #expect(decision == .append(slots[name] ?? -1))
                model.removeAll { $0 == name }
            } else {
                let evicted = model.count == width ? slots.removeValue(forKey: model.removeFirst()) : nil
                guard case .open(let slot, completing: evicted) = decision else {
                    Issue.record("\(decision) for \(name)")
                    return
                }
                #expect(!slots.values.contains(slot) && slot < width)
                slots[name] = slot
            }
            model.append(name)
            if number % 97 == 0 {
                #expect(grouping.closeOldest() == slots.removeValue(forKey: model.removeFirst()))
            }
            #expect(grouping.openCount == model.count)
        }
        #expect(grouping.closeAll() == model.compactMap { slots[$0] })
        #expect(grouping.closeOldest() == nil)
    }

    @Test func aCloseRecordCompletesItsObjectOnce() {
        var grouping = PutGrouping(maxOpen: 2)
        _ = grouping.record(key("a"))
        _ = grouping.record(key("b"))
        #expect(grouping.close(key("a")) == .complete(0))
        #expect(grouping.close(key("a")) == .ignore)
        #expect(grouping.close(key("z")) == .neverOpened)
        // The slot is free again.
        #expect(grouping.record(key("c")) == .open(0, completing: nil))
        #expect(grouping.closeAll() == [1, 0])
    }

    @Test func eachRecordIsAnObjectWithEach() {
        var grouping = PutGrouping(each: true)
        #expect(grouping.record(key("a")) == .whole)
        #expect(grouping.record(key("b")) == .whole)
        #expect(grouping.record(key("a")) == .comesAgain(completing: nil))
        #expect(grouping.close(key("b")) == .ignore)
        #expect(grouping.closeAll() == [])
    }

    private func key(_ text: String) -> KeyDigest { KeyDigest([UInt8](text.utf8)) }
}

@Suite struct RememberedKeysTests {
    @Test func onlyTheLastKeysAreRemembered() {
        let capacity = 1000
        var keys = RememberedKeys(capacity: capacity)
        let digests = (0..<20 * capacity).map { KeyDigest([UInt8]("key-\($0)".utf8)) }
        for (index, digest) in digests.enumerated() {
            #expect(!keys.contains(digest))
            keys.insert(digest)
            #expect(keys.count == min(index + 1, capacity))
            #expect(keys.contains(digests[max(0, index - capacity + 1)]))
            if index >= capacity { #expect(!keys.contains(digests[index - capacity])) }
        }
        #expect(digests.suffix(capacity).allSatisfy { keys.contains($0) })
        #expect(!digests.dropLast(capacity).contains { keys.contains($0) })
    }

    @Test func theDefaultIsAtLeastAMillion() { #expect(RememberedKeys.defaultCapacity >= 1_000_000) }
}

@Suite struct PutPartPlanTests {
    private let mebibyte = 1 << 20

    @Test func partsGrowToAQuarterOfTheMemory() {
        let plan = PutPartPlan(first: 5 << 20, memory: 256 << 20)
        #expect(plan.size(of: 1) == 5 * mebibyte)
        #expect(plan.size(of: 800) == 5 * mebibyte)
        #expect(plan.size(of: 801) == 10 * mebibyte)
        #expect(plan.size(of: 4001) == 64 * mebibyte)
        #expect(plan.size(of: 10_000) == 64 * mebibyte)
    }

    @Test func thereIsNoPart10001() {
        #expect(PutPartPlan(first: 5 << 20, memory: 256 << 20).size(of: 10_001) == nil)
        #expect(PutPartPlan(fixed: 5 << 20).size(of: 10_001) == nil)
        #expect(PutPartPlan(fixed: 5 << 20).size(of: 0) == nil)
    }

    @Test func withEnoughMemoryFiveTebibytesFit() {
        let plan = PutPartPlan(first: 5 << 20, memory: 16 << 30)
        let total = (1...10_000).reduce(0) { $0 + (plan.size(of: $1) ?? 0) }
        #expect(total >= 5 << 40)
        #expect((1...10_000).allSatisfy { (plan.size(of: $0) ?? 0) <= MultipartLimits.maxPartSize })
    }

    /// Scaleway accepts 1,000 parts, and Storj works best with parts of 64 MiB: as far as memory allows.
    @Test func partsFollowTheRulesOfTheService() {
        var options = PutOptions(location: Location(bucket: "b"))
        let few = options.partPlan(HostTraits.of("s3.fr-par.scw.cloud").parts)
        #expect(few.size(of: 80) == 5 * mebibyte && few.size(of: 81) == 10 * mebibyte)
        #expect(few.size(of: 1000) == 64 * mebibyte && few.size(of: 1001) == nil)
        let large = options.partPlan(HostTraits.of("gateway.eu1.storjshare.io:443").parts)
        #expect(large.size(of: 1) == 64 * mebibyte)
        options.memory = 64 * mebibyte
        #expect(options.partPlan(HostTraits.of("gateway.storjshare.io").parts).size(of: 1) == 16 * mebibyte)
        let equal = options.partPlan(HostTraits.of("a.r2.cloudflarestorage.com").parts)
        #expect(equal.isFixed && equal.size(of: 1) == 5 * mebibyte && equal.size(of: 10_001) == nil)
        options.partSize = 7 * mebibyte
        let fixed = options.partPlan(HostTraits.of("s3.nl-ams.scw.cloud").parts)
        #expect(fixed.size(of: 1000) == 7 * mebibyte && fixed.size(of: 1001) == nil)
        #expect(options.partPlan(HostTraits.of("scw.cloud.example.com").parts).size(of: 1001) != nil)
    }

    @Test func aFixedSizeIsFixed() {
        let plan = PutPartPlan(fixed: 8 << 20)
        #expect([1, 1001, 10_000].allSatisfy { plan.size(of: $0) == 8 * mebibyte })
    }

    @Test func theRemedyNamesTheRightOption() {
        #expect(PutPartPlan(fixed: 8 << 20).remedy.contains("--part-size 16M"))
        #expect(PutPartPlan(first: 5 << 20, memory: 256 << 20).remedy.contains("--memory 512M"))
    }
}

@Suite struct PutMemoryTests {
    @Test func inputIsReadWhileThereIsRoomForMore() {
        var memory = PutMemory(limit: 100)
        memory.change(by: 80)
        #expect(memory.admission(pending: 0, most: 10, queued: 0, headroom: 20) == .read)
        #expect(memory.admission(pending: 9, most: 10, queued: 0, headroom: 20) == .read)
        #expect(memory.admission(pending: 1, most: 10, queued: 0, headroom: 21) == .wait)
        #expect(memory.admission(pending: 1, most: 10, queued: 1, headroom: 20) == .wait)
        #expect(memory.admission(pending: 0, most: 10, queued: 1, headroom: 20) == .wait)
    }

    @Test func requestsThatWaitAreBounded() {
        #expect(PutMemory(limit: 100).admission(pending: 10, most: 10, queued: 0, headroom: 0) == .wait)
    }

    @Test func withNothingInFlightOnlyReliefHelps() {
        var memory = PutMemory(limit: 100)
        memory.change(by: 90)
        #expect(memory.admission(pending: 0, most: 10, queued: 0, headroom: 20) == .relieve)
        memory.change(by: -10)
        #expect(memory.admission(pending: 0, most: 10, queued: 0, headroom: 20) == .read)
    }
}

@Suite struct OrderedReceiptsTests {
    @Test func receiptsAreInOrderOfCompletion() {
        var receipts = OrderedReceipts<PutReceipt>()
        let numbers = (0..<4).map { _ in receipts.expect() }
        receipts.confirmed(numbers[2], receipt(2))
        #expect(receipts.next() == nil)
        receipts.confirmed(numbers[0], receipt(0))
        #expect(receipts.next() == receipt(0))
        #expect(receipts.next() == nil)
        receipts.failed(numbers[1])
        #expect(receipts.next() == receipt(2))
        #expect(receipts.next() == nil)
        #expect(receipts.count == 1)
        receipts.failed(numbers[3])
        #expect(receipts.next() == nil)
        #expect(receipts.count == 0)
    }

    @Test func receiptsWithoutAnOutcomeCanBePassedOver() {
        var receipts = OrderedReceipts<PutReceipt>()
        let numbers = (0..<3).map { _ in receipts.expect() }
        receipts.confirmed(numbers[1], receipt(1))
        #expect(receipts.next() == nil)
        #expect(receipts.next(passingOver: true) == receipt(1))
        #expect(receipts.next(passingOver: true) == nil)
        #expect(receipts.count == 0)
    }

    @Test func manyReceiptsAreOrderedForAnyOrderOfResponses() {
        var receipts = OrderedReceipts<PutReceipt>()
        var random = SeededGenerator(7)
        var awaited: [(number: Int, name: Int)] = []
        var name = 0
        var next = 0
        while next < 20_000 {
            if name < 20_000, awaited.count < 500 {
                awaited.append((receipts.expect(), name))
                name += 1
            }
            if Bool.random(using: &random), !awaited.isEmpty {
                let index = Int.random(in: 0..<awaited.count, using: &random)
                let (number, name) = awaited.remove(at: index)
                receipts.confirmed(number, receipt(name))
            }
            while let receipt = receipts.next() {
                #expect(receipt == self.receipt(next))
                next += 1
            }
        }
        #expect(receipts.count == 0)
    }

    private func receipt(_ name: Int) -> PutReceipt {
        PutReceipt(key: [UInt8](String(name).utf8), etag: [], bytes: 0, lines: 1)
    }
}

@Suite struct PutCommitTailTests {
    @Test(arguments: [
        ("", "EOF", "", false), ("EOF", "EOF", "", true), ("EOF\n", "EOF", "", true),
        ("a\nEOF\n", "EOF", "a\n", true), ("a\nEOF", "EOF", "a\n", true),
        ("aEOF\n", "EOF", "aEOF\n", false), ("a\nEOF\nb\n", "EOF", "a\nEOF\nb\n", false),
        ("EOF\nEOF\n", "EOF", "EOF\n", true), ("a\nEOF\n\n", "EOF", "a\nEOF\n\n", false),
        ("a\nEO", "EOF", "a\nEO", false), ("a\n\n", "", "a\n", true), ("a\n", "", "a\n", false),
    ])
    func theLastLineIsHeldBack(input: String, line: String, data: String, isCommitted: Bool) {
        let bytes = [UInt8](input.utf8)
        for size in 1...max(1, bytes.count) {
            var tail = PutCommitTail(line: [UInt8](line.utf8))
            var delivered: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                tail.take(piece.bytes) { delivered += $0.array }
            }
            #expect(tail.end { delivered += $0.array } == isCommitted)
            #expect(String(decoding: delivered, as: UTF8.self) == data)
        }
    }
}
