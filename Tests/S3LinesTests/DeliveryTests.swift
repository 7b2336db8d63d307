import Randomness
import S3Lines
import Testing

@Suite struct DeliveryTests {
    @Test func anObjectIsDoneWithItsLastByte() {
        var delivery = Delivery<String>()
        delivery.handedOver("a", end: 10)
        delivery.handedOver("empty", end: 10)
        delivery.handedOver("b", end: 25)
        #expect(delivery.next(written: 9) == nil)
        #expect(delivery.next(written: 24) == "a")
        #expect(delivery.next(written: 24) == "empty")
        #expect(delivery.next(written: 24) == nil && delivery.count == 1)
        #expect(delivery.next(written: 25) == "b")
        #expect(delivery.next(written: 25) == nil && delivery.count == 0)
    }

    @Test func anEmptyObjectBeforeAllBytesIsDoneAtOnce() {
        var delivery = Delivery<Int>()
        delivery.handedOver(1, end: 0)
        #expect(delivery.next(written: 0) == 1)
    }

    @Test func eachObjectIsDoneOnceAndNotEarly() {
        var random = SplitMix64(seed: 5)
        var delivery = Delivery<Int>()
        var ends: [Int] = []
        var end = 0
        var written = 0
        var done = 0
        while done < 5000 {
            if ends.count < 5000, Bool.random(using: &random) {
                end += Int.random(in: 0...100, using: &random)
                delivery.handedOver(ends.count, end: end)
                ends.append(end)
            }
            written = min(end, written + Int.random(in: 0...120, using: &random))
            while let object = delivery.next(written: written) {
                #expect(object == done && ends[object] <= written)
                done += 1
            }
            #expect(done == ends.count || ends[done] > written)
        }
    }
}
