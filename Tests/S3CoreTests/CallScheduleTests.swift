import Randomness
import S3Core
import Testing

/// The order in which calls are sent. Calls are numbers here.
@Suite struct CallScheduleTests {
    private var schedule = CallSchedule<Int>()

    private mutating func sent(limit: Int) -> [Int] {
        var calls: [Int] = []
        while let id = schedule.next(limit: limit) { calls.append(schedule[id] ?? -1) }
        return calls
    }

    @Test mutating func callsAreSentInOrderUpToTheLimit() {
        let ids = (0..<5).map { schedule.add($0) }
        #expect(sent(limit: 3) == [0, 1, 2] && schedule.count == 5)
        #expect(schedule.isSent(ids[2]) && !schedule.isSent(ids[3]))
        schedule.remove(ids[1])
        #expect(sent(limit: 3) == [3] && schedule.count == 4)
        schedule.remove(ids[0])
        schedule.remove(ids[2])
        #expect(sent(limit: 1) == [], "one is under way")
        #expect(sent(limit: 2) == [4])
    }

    @Test mutating func cleanupAndPriorityCallsGoFirst() {
        _ = schedule.add(0)
        _ = schedule.add(1, cleansUp: true)
        _ = schedule.add(2, goesFirst: true)
        #expect(sent(limit: 2) == [1, 2])
        #expect(sent(limit: 3) == [0])
    }

    @Test mutating func aRetryKeepsItsConnectionSlot() {
        let ids = (0..<3).map { schedule.add($0) }
        #expect(sent(limit: 2) == [0, 1])
        schedule.ended(ids[0])
        schedule.delay(ids[0], until: 100)
        #expect(sent(limit: 2) == [])
        schedule.release(now: 99)
        #expect(sent(limit: 2) == [] && schedule.untilDue(now: 99) == 1)
        schedule.release(now: 100)
        #expect(schedule.untilDue(now: 100) == nil)
        #expect(sent(limit: 2) == [0])
        schedule.ended(ids[1])
        schedule.sendAgain(ids[1])
        #expect(sent(limit: 2) == [1])
    }

    @Test mutating func aCallDelayedWithoutATimeWaitsForItsRelease() {
        let id = schedule.add(0)
        #expect(sent(limit: 1) == [0])
        schedule.ended(id)
        schedule.delay(id, until: nil)
        schedule.release(now: .max)
        #expect(sent(limit: 1) == [] && schedule.untilDue(now: 0) == nil)
        schedule.releaseHeld()
        #expect(sent(limit: 1) == [0])
    }

    /// The paused transfer may have to wait for the data of the retried call.
    @Test mutating func aPausedTransferDoesNotBlockRetries() {
        let ids = (0..<3).map { schedule.add($0) }
        #expect(sent(limit: 2) == [0, 1])
        schedule.paused(ids[0])
        schedule.paused(ids[0])
        #expect(sent(limit: 2) == [], "what waits is not sent for it")
        schedule.ended(ids[1])
        schedule.sendAgain(ids[1])
        _ = schedule.add(9, goesFirst: true)
        #expect(sent(limit: 2) == [1, 9])
        schedule.resumed(ids[0])
        schedule.resumed(ids[0])
        _ = schedule.add(10, goesFirst: true)
        #expect(sent(limit: 3) == [])
        schedule.remove(ids[0])
        #expect(sent(limit: 3) == [10])
    }

    @Test mutating func aCallThatEndsWhilePausedFreesItsSlot() {
        let id = schedule.add(0)
        #expect(sent(limit: 1) == [0])
        schedule.paused(id)
        schedule.ended(id)
        schedule.sendAgain(id)
        #expect(sent(limit: 1) == [0])
        _ = schedule.add(1, goesFirst: true)
        #expect(sent(limit: 1) == [])
    }

    @Test mutating func removedCallsAreSkipped() {
        let ids = (0..<4).map { schedule.add($0) }
        schedule.remove(ids[1])
        // Another call reuses its slot.
        let other = schedule.add(7)
        #expect(schedule[ids[1]] == nil && schedule[other] == 7)
        schedule.remove(ids[1])
        #expect(sent(limit: 9) == [0, 2, 3, 7])
        schedule.ended(ids[0])
        schedule.delay(ids[0], until: 5)
        schedule.remove(ids[0])
        #expect(schedule.untilDue(now: 0) == nil && schedule.count == 3)
        schedule.sendAgain(ids[0])
        #expect(sent(limit: 9) == [])
    }

    @Test mutating func sentAndCleanupCallsAreNotCancellable() {
        let ids = (0..<3).map { schedule.add($0) }
        _ = schedule.add(3, cleansUp: true)
        #expect(sent(limit: 2) == [3, 0])
        schedule.ended(ids[0])
        schedule.delay(ids[0], until: 5)
        #expect(schedule.cancellable == [0, 1, 2] && schedule.all == [0, 1, 2, 3])
    }

    @Test mutating func inAHurryOnlySentCallsHaveADeadline() {
        let ids = [schedule.add(0), schedule.add(1, cleansUp: true), schedule.add(2), schedule.add(3)]
        #expect(sent(limit: 3) == [1, 0, 2])
        _ = schedule.add(4, cleansUp: true)
        schedule.makeLastAttempt(ids[2])
        #expect(schedule.overdue(now: 0) == [] && schedule.untilDue(now: 0) == nil)
        schedule.hurry()
        #expect(schedule.overdue(now: 1000) == [])
        #expect(schedule.untilDue(now: 1500) == 4500)
        #expect(schedule.overdue(now: 5999) == [])
        #expect(schedule.overdue(now: 6000) == [1, 2])
        schedule.remove(ids[1])
        #expect(sent(limit: 3) == [4])
        #expect(schedule.overdue(now: 6000) == [2], "the other one has its own time")
    }

    @Test mutating func attemptsAreLimitedWhenHurried() {
        let cleaner = schedule.add(0, cleansUp: true)
        let other = schedule.add(1)
        #expect(!schedule.isLastAttempt(cleaner, failures: 9))
        schedule.hurry()
        #expect(!schedule.isLastAttempt(cleaner, failures: 2) && schedule.isLastAttempt(cleaner, failures: 3))
        #expect(!schedule.isLastAttempt(other, failures: 9))
        #expect(schedule.mayBeSentAgain(cleaner) && schedule.mayBeSentAgain(other))
        schedule.makeLastAttempt(other)
        #expect(schedule.isLastAttempt(other, failures: 1) && !schedule.mayBeSentAgain(other))
    }

    /// For any sequence of events, the limit is kept, no call is lost, and none is sent twice.
    @Test(arguments: 0..<40) mutating func everyCallIsSentAndEnds(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var under: [(id: CallID, call: Int)] = []
        var left: Set<Int> = []
        var now = 0
        var added = 0
        while added < 300 || schedule.count > 0 {
            now += 1
            if added < 300, Bool.random(using: &random) {
                left.insert(added)
                _ = schedule.add(added, goesFirst: Int.random(in: 0..<8, using: &random) == 0)
                added += 1
            }
            schedule.release(now: now)
            let limit = Int.random(in: 1...6, using: &random)
            while let id = schedule.next(limit: limit) {
                let call = schedule[id] ?? -1
                #expect(left.contains(call) && !under.contains { $0.id == id })
                under.append((id, call))
                #expect(under.count <= limit)
            }
            guard !under.isEmpty, Bool.random(using: &random) else { continue }
            let (id, call) = under.remove(at: Int.random(in: 0..<under.count, using: &random))
            schedule.ended(id)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: schedule.sendAgain(id)
            case 1: schedule.delay(id, until: now + Int.random(in: 0..<9, using: &random))
            default:
                left.remove(call)
                schedule.remove(id)
            }
        }
        #expect(left.isEmpty && under.isEmpty && schedule.all.isEmpty)
    }
}
