import ByteIO
import Testing

@testable import KeyTemplate

@Suite struct LineClockTests {
    @Test func isStrictlyIncreasingEvenWhenTheClockIsSetBack() throws {
        let readings: [UInt64] = [100, 100, 100, 99, 5, 200, 0, 201, 201]
        let lines = [[UInt8]](repeating: [], count: readings.count)
        #expect(
            try keys("{ns}", lines, readings: readings)
                == ["100", "101", "102", "103", "104", "200", "201", "202", "203"])
    }

    @Test func aSecondsRolloverShowsInAllFields() throws {
        let reading: UInt64 = 1_699_999_999_999_999_999
        #expect(
            try keys("{ns}/{us}/{ms}/{s}/{now}", [[], []], readings: [reading, reading]) == [
                "1699999999999999999/1699999999999999/1699999999999/1699999999/2023-11-14T22:13:19Z",
                "1700000000000000000/1700000000000000/1700000000000/1700000000/2023-11-14T22:13:20Z",
            ])
    }

    /// Unique fields stay ahead of the clock, but dates follow it.
    @Test func calendarFieldsFollowAClockSetFarBack() throws {
        let hour: UInt64 = 3_600_000_000_000
        #expect(
            try keys("{ns} {ms} {now:%H}", [[], []], readings: [testTime, testTime - hour]) == [
                "1700000000123456789 1700000000123 22", "1700000000123456790 1699996400123 21",
            ])
    }

    @Test func stepsHaveTheLengthOfTheResolution() {
        var clock = LineClock(resolution: 1000)
        clock.advance(to: 5_500)
        #expect(clock.unique == 5_500)
        clock.advance(to: 5_600)
        #expect(clock.unique == 6_500)
        clock.advance(to: 5_700)
        #expect(clock.unique == 7_500)
    }
}
