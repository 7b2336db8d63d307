import ByteIO
import Testing

@testable import KeyTemplate

@Suite struct TimeFormatTests {
    /// The output of strftime(3) in the C locale, for every conversion and a range of times.
    @Test(arguments: [
        "%a %A %b %B %h", "%c", "%C %y %Y", "%d %e %j", "%D %F %x", "%g %G %V %u", "%H %I %k %l %M %S", "%m",
        "%p %P",
        "%r", "%R %T %X", "%s", "%U %W %w", "%z", "%n%t%%", "%-d %-m %-H %-j", "%_d %_m %_j %_H", "%0e %0k",
        "%^a %^B %^b",
        "%Ey %EY %Od %OH %Om", "plain text",
    ])
    func agreesWithTheCLibrary(format: String) throws {
        let parsed = try TimeFormat(parsing: [UInt8](format.utf8))
        var random = SeededRandom(seed: 42)
        var times = (0..<100).map { _ in Int.random(in: -30_000_000_000...200_000_000_000, using: &random) }
        // Year boundaries, where ISO 8601 weeks belong to the other year, and leap days.
        for year in 1995...2030 {
            let start = CalendarTime.days(year: year, month: 1, day: 1) * 86_400
            times += (-4...4).map { start + $0 * 86_400 + 3599 }
            times.append(start + 59 * 86_400)
        }
        times += [0, -1, 1_700_000_000, 951_782_400]
        for time in times {
            var text = ByteBuffer()
            parsed.append(time, to: &text)
            #expect(
                String(decoding: text.bytes.array, as: UTF8.self) == strftimeText(format, time), "\(time)")
        }
    }

    private func strftimeText(_ format: String, _ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&time, &parts)
        // gmtime calls the zone GMT, and %s would interpret its time as local.
        let known = format == "%s" ? "\(seconds)" : format
        var text = [CChar](repeating: 0, count: 512)
        let count = unsafe strftime(&text, text.count, known, &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func theZoneIsUTC() throws {
        var text = ByteBuffer()
        try TimeFormat(parsing: [UInt8]("%Z %z".utf8)).append(0, to: &text)
        #expect(text.bytes.array == [UInt8]("UTC +0000".utf8))
    }

    /// As in date(1), so that text sorts like time.
    @Test func yearsHaveFourDigits() throws {
        for (time, expected) in [(-62_135_596_800, "0001-01-01 0001"), (-62_167_219_200, "0000-01-01 -001")] {
            var text = ByteBuffer()
            try TimeFormat(parsing: [UInt8]("%F %G".utf8)).append(time, to: &text)
            #expect(String(decoding: text.bytes.array, as: UTF8.self).hasPrefix(String(expected.prefix(10))))
        }
    }
}

@Suite struct FormattedTimesTests {
    /// The cached text is always the same as a new one.
    @Test(arguments: [
        "%Y-%m-%d", "%F/%H", "%I%p", "%H:%M", "%T", "%s", "text",
        "%A %d %B %Y, ISO week %G-%V, longer than kept",
    ])
    func agreeWithTheFormat(format: String) throws {
        let plain = try TimeFormat(parsing: [UInt8](format.utf8))
        var remembering = FormattedTimes(plain)
        var random = SeededRandom(seed: 9)
        var time = 0
        for _ in 0..<3000 {
            let step = [1, 59, 3600, 86_400, 86_400 * 512, -3601].randomElement(using: &random) ?? 1
            time = Bool.random(using: &random) ? time : time + step
            var expected = ByteBuffer()
            var text = ByteBuffer()
            plain.append(time, to: &expected)
            remembering.append(time, to: &text)
            #expect(text.bytes.array == expected.bytes.array, "\(time)")
        }
    }
}

@Suite struct EventTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2024-05-01T12:34:56Z", 1_714_566_896),
        ("2024-05-01t12:34:56z", 1_714_566_896),
        ("2024-05-01 12:34:56Z", 1_714_566_896), ("2024-05-01T12:34:56.999999999Z", 1_714_566_896),
        ("2024-05-01T14:34:56+02:00", 1_714_566_896), ("2024-05-01T07:04:56.5-05:30", 1_714_566_896),
        ("2024-05-01T12:34:56-00:00", 1_714_566_896), ("2024-02-29T00:00:00Z", 1_709_164_800),
        ("2016-12-31T23:59:60Z", 1_483_228_800), ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799), ("1969-12-31T23:59:59.9Z", -1),
        // Formats of programs: PostgreSQL, Python, Go, log4j, git, Ruby.
        ("2024-05-01 12:34:56.789+00", 1_714_566_896), ("2024-05-01 14:34:56+0200", 1_714_566_896),
        ("2024-05-01T14:34:56+02", 1_714_566_896), ("2024-05-01T12:34:56,789Z", 1_714_566_896),
        ("2024-05-01 12:34:56 UTC", 1_714_566_896), ("2024-05-01 12:34:56.5 UTC", 1_714_566_896),
        ("2024-05-01 14:34:56 +0200", 1_714_566_896), ("2024-05-01 14:34:56 +02:00", 1_714_566_896),
        ("2024-05-01T12:34Z", 1_714_566_840), ("2024-05-01 09:04-03:30", 1_714_566_840),
        ("2024-05-01T12:34:56UTC", 1_714_566_896), ("2024-05-01T12:34:56 Z", 1_714_566_896),
        ("1714566896", 1_714_566_896), ("1714566896.789", 1_714_566_896), ("1714566896789", 1_714_566_896),
        ("-1", -1), ("1.714566896E9", 1_714_566_896),
    ])
    func readsRFC3339(text: String, seconds: Int) {
        #expect(EventTime.seconds(ofText: [UInt8](text.utf8).bytes) == seconds)
    }

    @Test(arguments: [
        "", "2024-05-01", "2024-05-01T12:34:56", "2024-05-01T12:34", "2024-05-01T12:34:56.Z",
        "2024-05-01T12:34:56.5",
        "2024-5-01T12:34:56Z", "2024-13-01T12:34:56Z", "2024-00-01T12:34:56Z", "2023-02-29T12:34:56Z",
        "1900-02-29T00:00:00Z", "2024-04-31T12:34:56Z", "2024-05-00T12:34:56Z", "2024-05-01T24:00:00Z",
        "2024-05-01T12:60:00Z", "2024-05-01T12:34:61Z", "2024-05-01T12:34:56+020", "2024-05-01T12:34:56+2",
        "2024-05-01T12:34:56  Z", "2024-05-01T12:34:56 ", "2024-05-01T12:34:56,Z", "2024-05-01T12:34:Z",
        "2024-05-01T12:34:5Z", "2024-05-01T12:34.5Z", "2024-05-01T12:34:56+02:0", "2024-05-01T12:34:56+02 00",
        "2024-05-01T12:34:56 CET", "2024-05-01T12:34:56 UTC+2", "12:34", "+1714566896", "1714566896 ", "1.",
        ".5",
        "0x10", "1e", "NaN", "-", "1_000",
        "2024-05-01T12:34:56+24:00", "2024-05-01T12:34:56+02:60", "2024-05-01T12:34:56ZZ",
        "2024-05-01_12:34:56Z",
        " 2024-05-01T12:34:56Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00",
    ])
    func refusesOtherText(text: String) {
        #expect(EventTime.seconds(ofText: [UInt8](text.utf8).bytes) == nil)
    }

    @Test(arguments: [
        ("2024-05-01T12:34:56", true), ("2024-05-01 12:34", true), ("2024-05-01 12:34:56,789", true),
        ("2024-05-01", false), ("2024-05-01T12:34:56Zoo", false), ("1e30", false), ("", false),
    ])
    func detectsTimesWithoutOffset(text: String, isThat: Bool) {
        #expect(EventTime.lacksOffset([UInt8](text.utf8).bytes) == isThat)
    }

    @Test(arguments: [
        ("0", 0), ("1700000000", 1_700_000_000), ("1700000000.999", 1_700_000_000),
        ("1700000000123", 1_700_000_000),
        ("1700000000123.9", 1_700_000_000), ("1700000000123456", 1_700_000_000),
        ("1700000000123456789", 1_700_000_000),
        ("1.7e9", 1_700_000_000), ("17E+8", 1_700_000_000), ("1700000000123e-3", 1_700_000_000),
        ("0.0000000017e18", 1_700_000_000), ("-1", -1), ("-0.5", -1), ("-1.0", -1), ("-1500.25", -1501),
        ("-0", 0),
        // The limits between the units.
        ("99999999999", 99_999_999_999), ("99999999999.9", 99_999_999_999), ("100000000000", 100_000_000),
        ("99999999999999", 99_999_999_999), ("100000000000000", 100_000_000),
        ("99999999999999999", 99_999_999_999),
        ("100000000000000000", 100_000_000), ("9223372036854775807", 9_223_372_036),
        ("9223372036854775808", 9_223_372_036), ("1e19", 10_000_000_000),
        ("253402300799999999999", 253_402_300_799), ("-9223372036854775809", -9_223_372_037),
        ("-100000000000", -100_000_000),
        ("-100000000001", -100_000_001), ("1e-400", 0), ("0e999999999999999999999", 0),
    ])
    func readsNumbersBySize(text: String, seconds: Int) {
        #expect(EventTime.seconds(ofNumber: [UInt8](text.utf8).bytes) == seconds)
    }

    @Test(arguments: [
        "1e30", "253402300800000000000", "1e38", "1e39", "123456789012345678901234567890", "-99999999999",
        "1e999999999999",
    ])
    func refusesTimesOutOfTheCalendar(text: String) {
        #expect(EventTime.seconds(ofNumber: [UInt8](text.utf8).bytes) == nil)
    }
}

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
