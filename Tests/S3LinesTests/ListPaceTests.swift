import Testing

@testable import S3Lines

/// The number of pages that are requested at once.
@Suite struct ListPaceTests {
    private static func limit(_ microseconds: [Int], processor page: Int) -> Int {
        var pace = ListPace()
        for (number, time) in microseconds.enumerated() {
            pace.received(after: time, processor: 9000 + number * page)
        }
        return pace.limit
    }

    @Test func aServiceThatTakesItsTimeIsAskedForManyPages() {
        #expect(Self.limit([30_000, 31_000, 45_000], processor: 1000) == 3 + 3 * 29)
        #expect(Self.limit([200_000, 210_000], processor: 800) > 512)
    }

    @Test func aServiceThatAnswersAtOnceIsAskedForFew() {
        #expect(Self.limit([1500, 5000, 20_000], processor: 1000) == 4)
        #expect(Self.limit([900, 900], processor: 1000) == 3)
        #expect(Self.limit([0, 0], processor: 0) == 3)
    }

    /// The first page includes the connection setup.
    @Test func nothingIsKnownAtFirst() {
        #expect(Self.limit([], processor: 0) == .max && Self.limit([1000], processor: 50_000) == .max)
    }
}
