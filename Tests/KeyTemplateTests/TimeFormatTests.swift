import ByteIO
import Randomness
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
        var random = SplitMix64(seed: 42)
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
