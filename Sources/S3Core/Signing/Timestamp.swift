import ByteIO

/// A time in UTC with a resolution of one second.
package struct Timestamp: Equatable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package let seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// The machine's clock. Source: time(3).
    package static var now: Timestamp { Timestamp(seconds: time(nil)) }

    /// `20130524T000000Z`; its first eight bytes are the date.
    package var basicFormat: [UInt8] {
        let time = CalendarTime(secondsSinceEpoch: seconds)
        var text: [UInt8] = []
        text.reserveCapacity(16)
        Self.append(time.year, digits: 4, to: &text)
        for number in [time.month, time.day] { Self.append(number, digits: 2, to: &text) }
        text.append(UInt8(ascii: "T"))
        for number in [time.hour, time.minute, time.second] { Self.append(number, digits: 2, to: &text) }
        text.append(UInt8(ascii: "Z"))
        return text
    }

    /// Parses `Fri, 24 May 2013 00:00:00 GMT`, the format of the Date header (RFC 9110, 5.6.7).
    package init?(httpDate: String) {
        let words = httpDate.split { $0 == " " || $0 == ":" }.map(String.init)
        guard words.count == 8, words[7] == "GMT", let day = Int(words[1]), (1...31).contains(day),
            let month = Self.months.firstIndex(of: words[2]), let year = Int(words[3]),
            (1970...9999).contains(year),
            let hour = Int(words[4]), let minute = Int(words[5]), let second = Int(words[6]),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        let days = CalendarTime.days(year: year, month: month + 1, day: day)
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// `Fri, 24 May 2013 00:00:00 GMT`
    package var httpDate: String {
        let time = CalendarTime(secondsSinceEpoch: seconds)
        var text = Array("\(Self.weekdays[time.weekday]), ".utf8)
        Self.append(time.day, digits: 2, to: &text)
        text += " \(Self.months[time.month - 1]) ".utf8
        Self.append(time.year, digits: 4, to: &text)
        for (sign, number) in [(" ", time.hour), (":", time.minute), (":", time.second)] {
            text += sign.utf8
            Self.append(number, digits: 2, to: &text)
        }
        return String(decoding: text, as: UTF8.self) + " GMT"
    }

    /// Parses `2013-05-24T00:00:00Z` (RFC 3339). A fraction, an offset, `UTC`, or a space for the T are
    /// allowed.
    package init?(_ text: String) {
        let bytes = [UInt8](text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            range.upperBound <= bytes.count ? bytes.bytes.extracting(range).decimal : nil
        }
        guard let year = number(0..<4), (1970...9999).contains(year), let month = number(5..<7),
            (1...12).contains(month), let day = number(8..<10), (1...31).contains(day),
            let hour = number(11..<13), hour < 24, let minute = number(14..<16), minute < 60,
            let second = number(17..<19), second <= 60
        else { return nil }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { (0x30...0x39).contains($0) } }
        var offset = 0
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            let digits = rest.dropFirst().filter { (0x30...0x39).contains($0) }
            guard digits.count == 4, let hours = Int(String(decoding: digits[..<2], as: UTF8.self)),
                let minutes = Int(String(decoding: digits[2...], as: UTF8.self))
            else { return nil }
            offset = (sign == UInt8(ascii: "-") ? -60 : 60) * (hours * 60 + minutes)
        } else if !["Z", "UTC", ""].contains(String(decoding: rest, as: UTF8.self)) {
            return nil
        }
        let days = CalendarTime.days(year: year, month: month, day: day)
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    }

    private static func append(_ number: Int, digits: Int, to text: inout [UInt8]) {
        var divisor = (1..<digits).reduce(1) { power, _ in power * 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
