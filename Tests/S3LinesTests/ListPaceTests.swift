import Testing

@testable import S3Lines

/// The number of pages that are requested at once.
@Suite struct ListPaceTests {
    /// The limit after pages that took `microseconds` each, of `processor` microseconds of this process.
    ///
    /// - Parameter others: the number of further pages in flight.
    private static func limit(_ microseconds: [Int], processor page: Int, others: Int = 0) -> Int {
        var pace = ListPace()
        for other in 0..<others { pace.requested(-other, now: 0) }
        for (number, time) in microseconds.enumerated() {
            pace.requested(number + 1, now: number * 1_000_000)
            pace.received(number + 1, now: number * 1_000_000 + time, processor: 9000 + number * page)
        }
        return pace.limit
    }

    /// Takes the responses to `count` requests that were sent together.
    private static func receive(_ count: Int, sent: Int, now: Int, _ pace: inout ListPace) {
        for number in 0..<count { pace.requested(number, now: sent) }
        for number in 0..<count { pace.received(number, now: now, processor: 0) }
    }

    @Test func aServiceThatTakesItsTimeIsAskedForManyPages() {
        let many = [Int](repeating: 30_500, count: 500)
        #expect(Self.limit([30_000] + many, processor: 1000, others: 500) == 3 + 3 * 29)
        #expect(Self.limit([Int](repeating: 200_000, count: 600), processor: 800, others: 600) > 512)
    }

    @Test func aServiceThatAnswersAtOnceIsAskedForFew() {
        #expect(Self.limit([1500, 5000, 5500], processor: 1000) == 4)
        #expect(Self.limit([900, 900], processor: 1000) == 3)
        #expect(Self.limit([0, 0], processor: 0) == 3)
    }

    @Test func aServiceThatIsAskedForTheFirstTimeIsAskedForFew() {
        #expect(Self.limit([], processor: 0) == 8)
        #expect(Self.limit([30_000], processor: 50_000) == 8)
    }

    @Test func theLimitGrowsWithEachRoundThatFillsIt() {
        var pace = ListPace()
        for round in 0..<6 {
            let limit = pace.limit
            Self.receive(limit, sent: round * 30_000, now: (round + 1) * 30_000, &pace)
            #expect(pace.limit > limit + limit / 2 - 1 && pace.limit <= 3 * limit)
        }
        // Requests that leave most of it unused show nothing.
        let limit = pace.limit
        Self.receive(limit / 4 - 1, sent: 200_000, now: 230_000, &pace)
        #expect(pace.limit == limit && pace.room == limit)
        pace.requested(0, now: 250_000)
        #expect(pace.room == limit - 1)
    }

    /// Requests that were sent together are slow together: they are one sign, not many.
    @Test func aServiceThatManyPagesSlowDownIsAskedForFewer() {
        var pace = ListPace()
        Self.receive(50, sent: 0, now: 300_000, &pace)
        let limit = pace.limit
        #expect(limit > 20)
        Self.receive(20, sent: 300_000, now: 3_000_000, &pace)
        #expect(pace.limit == limit / 2)
        Self.receive(10, sent: 4_000_000, now: 6_000_000, &pace)
        #expect(pace.limit == limit / 4)
        for round in 7..<20 { Self.receive(9, sent: round * 1_000_000, now: (round + 2) * 1_000_000, &pace) }
        #expect(pace.limit == 3)
    }
}
