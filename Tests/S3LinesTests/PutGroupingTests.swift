import ByteIO
import Randomness
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
        var random = SplitMix64(seed: 3)
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
