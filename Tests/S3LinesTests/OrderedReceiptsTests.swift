import ByteIO
import Randomness
import S3Core
import S3Lines
import Testing

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
        #expect(!receipts.hasGap)
        #expect(receipts.next() == receipt(2))
        #expect(receipts.hasGap)
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
        var random = SplitMix64(seed: 7)
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
