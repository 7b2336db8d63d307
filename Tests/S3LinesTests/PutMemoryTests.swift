import ByteIO
import S3Core
import S3Lines
import Testing

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
