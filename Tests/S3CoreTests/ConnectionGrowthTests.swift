import S3Core
import Testing

@Suite struct ConnectionGrowthTests {
    /// If latency takes all the time, twice as many requests transfer twice as much.
    @Test func itGrowsToTheMaximumIfLatencyDominates() {
        var service = Service(64...512) { calls in 30.0 / Double(calls) }
        service.run(calls: 2000)
        #expect(service.growth.limit == 512)
        #expect(service.limits == [128, 256, 512])
    }

    /// 10,000 calls of 30 ms take 20 rounds of 512; the growth before adds little.
    @Test func itGrowsFastEnoughForShortRuns() {
        var service = Service(64...512) { calls in 30.0 / Double(calls) }
        service.run(calls: 10_000)
        #expect(service.now < 1000)
    }

    @Test func itDoesNotGrowIfThroughputDoesNot() {
        var service = Service(64...512) { _ in 0.1 }
        service.run(calls: 5000)
        #expect(service.growth.limit == 64)
        #expect(service.limits == [128, 64])
        // A larger limit is tried again after 1, 3, 7, 15 seconds and so on.
        service.run(calls: 300_000)
        #expect(service.growth.limit == 64)
        #expect(service.limits == [128, 64, 128, 64, 128, 64, 128, 64, 128, 64])
    }

    /// While TLS is negotiated, throughput is low: that is no measure for a larger limit.
    @Test func roundsInWhichConnectionsAreOpenedDoNotCount() {
        var service = Service(64...512) { _ in 0.2 }
        service.opening = 128
        service.run(calls: 3000)
        #expect(service.limits == [128, 64])
    }

    /// If a round is slow by chance, the one before counts.
    @Test func aSlowRoundDoesNotMakeALargerLimitWorthwhile() {
        var service = Service(64...512) { _ in 0.5 }
        service.run(calls: 64 * 2)
        service.opening = 64
        service.run(calls: 1500)
        #expect(service.limits == [128, 64])
    }

    @Test func itStopsGrowingWhenThroughputStopsGrowing() {
        // This machine is saturated at the rate of about 256 requests.
        var service = Service(64...512) { calls in max(30.0 / Double(calls), 0.118) }
        service.run(calls: 6000)
        #expect(service.growth.limit == 256)
        #expect(service.limits == [128, 256, 512, 256])
    }

    @Test func bytesCountIfCallsAreLarge() {
        // A network of 100 MB/s that 64 requests of 1 MiB already saturate.
        var service = Service(64...512, bytes: 1 << 20) { _ in 10 }
        service.run(calls: 2000)
        #expect(Set(service.limits) == [128, 64], "128 is tried and reverted")
    }

    @Test func withoutEnoughRequestsItDoesNotGrow() {
        var service = Service(64...512) { calls in 30.0 / Double(calls) }
        service.isFull = false
        service.run(calls: 5000)
        #expect(service.growth.limit == 64)
        #expect(service.limits.isEmpty)
    }

    @Test func aFixedNumberDoesNotChange() {
        var service = Service(8...8) { calls in 30.0 / Double(calls) }
        service.run(calls: 5000)
        #expect(service.growth.limit == 8)
    }

    @Test func anOddMaximumIsRevertedToThePreviousLimit() {
        var service = Service(64...100) { _ in 0.5 }
        service.run(calls: 500)
        #expect(service.limits == [100, 64])
    }

    @Test func anyMaximumIsReached() {
        var service = Service(64...100) { calls in 30.0 / Double(calls) }
        service.run(calls: 2000)
        #expect(service.growth.limit == 100)
        var few = Service(1...3) { calls in 30.0 / Double(calls) }
        few.run(calls: 100)
        #expect(few.growth.limit == 3)
    }

    /// A limit that makes the service ask to slow down is reverted and not tried again soon.
    @Test func slowingDownRevertsALimitThatIsBeingTried() {
        var service = Service(64...512) { calls in 30.0 / Double(calls) }
        while service.growth.limit == 64 { service.run(calls: 1) }
        service.growth.slowedDown()
        #expect(service.growth.limit == 64)
        service.run(calls: 64 * 30)
        #expect(service.growth.limit == 64)
        service.run(calls: 64 * 10)
        #expect(service.growth.limit > 64)
    }

    @Test func theWindowFollowsTheGrowthUntilItIsNarrowed() {
        var window = ConcurrencyWindow(64...512)
        var now = 0.0
        var changes: [Int] = []
        for _ in 0..<2000 {
            now += 30 / Double(window.limit)
            window.sent(isFull: true)
            window.succeeded()
            if window.moved(bytes: 0, now: Int(now)) { changes.append(window.limit) }
        }
        #expect(changes == [128, 256, 512])
        #expect(window.limit == 512 && !window.isNarrowed)
        window.slowedDown()
        #expect(window.limit == 256 && window.isNarrowed)
        // While the limit is reduced, throughput is not measured.
        let learned = (0..<512).filter { _ in window.moved(bytes: 1 << 20, now: Int(now)) }
        #expect(learned.isEmpty)
        for _ in 0..<200_000 where window.isNarrowed { window.succeeded() }
        #expect(window.limit == 512)
    }

    /// A service that responds after `milliseconds`, which depend on the number of concurrent calls.
    private struct Service {
        var growth: ConnectionGrowth
        var isFull = true
        /// The number of calls that take five times as long, because connections are opened.
        var opening = 0
        private(set) var now = 0.0
        private(set) var limits: [Int] = []
        private let bytes: Int
        private let milliseconds: (Int) -> Double

        init(_ range: ClosedRange<Int>, bytes: Int = 200, _ milliseconds: @escaping (Int) -> Double) {
            growth = ConnectionGrowth(range)
            self.bytes = bytes
            self.milliseconds = milliseconds
        }

        mutating func run(calls: Int) {
            for _ in 0..<calls {
                now += milliseconds(growth.limit) * (opening > 0 ? 5 : 1)
                opening = max(0, opening - 1)
                growth.sent(isFull: isFull)
                if growth.moved(bytes: bytes, now: Int(now)) { limits.append(growth.limit) }
            }
        }
    }
}
