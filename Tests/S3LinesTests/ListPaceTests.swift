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
            pace.received(
                number + 1, keys: 1000, now: number * 1_000_000 + time, processor: 9000 + number * page)
        }
        return pace.limit
    }

    /// Takes the responses to `count` requests that were sent together.
    private static func receive(
        _ count: Int, keys: Int? = 1000, sent: Int, now: Int, _ pace: inout ListPace
    ) {
        for number in 0..<count { pace.requested(number, now: sent) }
        for number in 0..<count { pace.received(number, keys: keys, now: now, processor: 0) }
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
        for round in 4..<7 {
            Self.receive(9, sent: round * 2_000_000 + 1, now: (round + 1) * 2_000_000, &pace)
        }
        #expect(pace.limit == 3)
        // Few requests at once are not slow.
        for round in 7..<20 {
            Self.receive(3, sent: round * 2_000_000, now: round * 2_000_000 + 900_000, &pace)
            Self.receive(9, sent: round * 2_000_000, now: (round + 1) * 2_000_000, &pace)
        }
        #expect(pace.limit < 9)
    }

    /// The time of a page without keys says nothing about full pages.
    @Test(arguments: [0, 400]) func smallPagesSayNothingAboutFullOnes(keys: Int) {
        var pace = ListPace()
        Self.receive(2, keys: keys, sent: 0, now: 10_000, &pace)
        Self.receive(8, keys: 1000, sent: 10_000, now: 130_000, &pace)
        Self.receive(2, keys: keys, sent: 130_000, now: 140_000, &pace)
        Self.receive(8, keys: 1000, sent: 140_000, now: 260_000, &pace)
        #expect(pace.limit > 16)
    }

    @Test func failuresSayNothing() {
        var pace = ListPace()
        Self.receive(8, keys: nil, sent: 0, now: 1000, &pace)
        #expect(pace.limit == 8 && pace.room == 8)
        Self.receive(8, sent: 1000, now: 31_000, &pace)
        let limit = pace.limit
        Self.receive(8, keys: nil, sent: 31_000, now: 20_000_000, &pace)
        #expect(pace.limit == limit)
    }

    /// For example, another host took over.
    @Test func aServiceThatHasBecomeSlowerIsAskedForMoreAgain() {
        var pace = ListPace()
        Self.receive(8, sent: 0, now: 10_000, &pace)
        for round in 1..<20 {
            Self.receive(pace.limit, sent: round * 100_000, now: round * 100_000 + 90_000, &pace)
        }
        #expect(pace.limit > 20)
    }

    /// While s3-get-lines follows many prefixes, the pages of a backlog cost much processor time, later ones little.
    @Test func recentPagesSayHowManyThisProcessCanHandle() {
        var (pace, now, processor) = (ListPace(), 0, 0)
        func receive(_ pages: Int, _ cost: Int) {
            for _ in 0..<pages {
                for number in 0..<4 { pace.requested(number, now: now) }
                now += 30_000
                for number in 0..<4 {
                    processor += cost
                    pace.received(number, keys: 1000, now: now, processor: processor)
                }
            }
        }
        receive(1000, 100_000)
        #expect(pace.limit == 3)
        receive(100, 500)
        #expect(pace.limit > 8)
    }
}
