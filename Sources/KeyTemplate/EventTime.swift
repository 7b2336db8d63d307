import ByteIO

/// The time that a JSON value holds, in whole seconds since the epoch, rounded down.
package enum EventTime {
    /// The time in a text: `2026-05-01T14:34:56.789+02:00`, or a number in quotes; nil if the text is neither.
    ///
    /// RFC 3339, section 5.6, and what programs also write: `t`, `z` and a space for the `T`; a space before the
    /// offset; an offset without a colon or without minutes; `UTC`; a decimal comma; no seconds. A leap second is the
    /// second after it.
    package static func seconds(ofText text: RawSpan) -> Int? {
        // 2026-05-01T14:34, then seconds, a fraction and an offset.
        guard text.byteCount > 16, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t") || text[10] == UInt8(ascii: " "),
            text[13] == UInt8(ascii: ":")
        else { return isNumber(text) ? seconds(ofNumber: text) : nil }
        var end = 16
        var second = 0
        if text[16] == UInt8(ascii: ":") {
            guard text.byteCount > 19 else { return nil }
            second = twoDigits(text, 17)
            end = 19
            if text[19] == UInt8(ascii: ".") || text[19] == UInt8(ascii: ",") {
                repeat { end += 1 } while end < text.byteCount && isDigit(text[end])
                guard end > 20 else { return nil }
            }
        }
        guard let zone = zoneOffset(text, from: end) else { return nil }
        let year = 100 * twoDigits(text, 0) + twoDigits(text, 2)
        let (month, day) = (twoDigits(text, 5), twoDigits(text, 8))
        let (hour, minute) = (twoDigits(text, 11), twoDigits(text, 14))
        guard year < 10_000, 1 <= month, month <= 12, 1 <= day,
            day <= CalendarTime.length(ofMonth: month, year: year), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = CalendarTime.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - zone
        return CalendarTime.representable.contains(seconds) ? seconds : nil
    }

    /// True if only the offset from UTC is missing to make the text a time.
    package static func lacksOffset(_ text: RawSpan) -> Bool {
        let complete = text.array + [UInt8(ascii: "Z")]
        return !isNumber(text) && seconds(ofText: complete.bytes) != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// True for digits with a sign, a fraction and an exponent, or without.
    private static func isNumber(_ text: RawSpan) -> Bool {
        var offset = text.byteCount > 0 && text[0] == UInt8(ascii: "-") ? 1 : 0
        func digits() -> Bool {
            let start = offset
            while offset < text.byteCount, isDigit(text[offset]) { offset += 1 }
            return offset > start
        }
        guard digits() else { return false }
        if offset < text.byteCount, text[offset] == UInt8(ascii: ".") {
            offset += 1
            guard digits() else { return false }
        }
        if offset < text.byteCount, text[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < text.byteCount, text[offset] == UInt8(ascii: "+") || text[offset] == UInt8(ascii: "-")
            {
                offset += 1
            }
            guard digits() else { return false }
        }
        return offset == text.byteCount
    }

    /// The number of two digits; far too large if they are not digits.
    @inline(__always)
    private static func twoDigits(_ text: RawSpan, _ offset: Int) -> Int {
        let tens = text[offset] &- UInt8(ascii: "0")
        let ones = text[offset + 1] &- UInt8(ascii: "0")
        return tens < 10 && ones < 10 ? 10 * Int(tens) + Int(ones) : 10_000
    }

    /// `Z`, `UTC` or `+HH:MM` up to the text's end, in seconds, to be subtracted from the local time.
    private static func zoneOffset(_ text: RawSpan, from start: Int) -> Int? {
        guard start < text.byteCount else { return nil }
        let offset = text[start] == UInt8(ascii: " ") ? start + 1 : start
        let length = text.byteCount - offset
        guard length > 0 else { return nil }
        let sign = text[offset]
        if sign | 0x20 == UInt8(ascii: "z") { return length == 1 ? 0 : nil }
        if length == 3, sign == UInt8(ascii: "U") {
            return text[offset + 1] == UInt8(ascii: "T") && text[offset + 2] == UInt8(ascii: "C") ? 0 : nil
        }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            length == 3 || length == 5 || length == 6,
            length != 6 || text[offset + 3] == UInt8(ascii: ":")
        else { return nil }
        let hours = twoDigits(text, offset + 1)
        let minutes = length == 3 ? 0 : twoDigits(text, text.byteCount - 2)
        guard hours < 24, minutes < 60 else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    /// The time of a JSON number, whose size determines the unit: below 1e11 seconds, below 1e14 milliseconds,
    /// below 1e17 microseconds, else nanoseconds. Nil if it is outside the calendar.
    package static func seconds(ofNumber text: RawSpan) -> Int? {
        guard let number = DecimalNumber(text.array) else { return nil }
        let unit: Int128 =
            switch number.whole {
            case ..<100_000_000_000: 1
            case ..<100_000_000_000_000: 1_000
            case ..<100_000_000_000_000_000: 1_000_000
            default: 1_000_000_000
            }
        var seconds = number.whole / unit
        if number.isNegative {
            let isWhole = number.whole % unit == 0 && !number.hasFraction
            seconds = isWhole ? -seconds : -seconds - 1
        }
        guard let seconds = Int(exactly: seconds) else { return nil }
        return CalendarTime.representable.contains(seconds) ? seconds : nil
    }
}

/// A JSON number's whole part, exact where Double would round.
private struct DecimalNumber {
    var isNegative = false
    var whole: Int128 = 0
    /// How many digits `Int128.max` has.
    private static let mostDigits = 39
    /// True if digits other than 0 stand after the point.
    var hasFraction = false

    /// Nil for a whole part above `Int128.max`, which is far outside the calendar in any unit.
    init?(_ text: [UInt8]) {
        var scanner = DigitScanner(text: text)
        isNegative = scanner.accept("-")
        var digits = scanner.digits()
        var point = digits.count
        if scanner.accept(".") { digits += scanner.digits() }
        if scanner.accept("e") || scanner.accept("E") {
            let isDown = scanner.accept("-")
            if !isDown { _ = scanner.accept("+") }
            // An exponent with more digits than Int has makes every number except 0 too large or less than 1.
            let exponent = Int(String(decoding: scanner.digits(), as: UTF8.self)) ?? Int.max / 2
            point += (isDown ? -1 : 1) * min(exponent, Int.max / 2)
        }
        for (place, digit) in digits.enumerated() where digit != UInt8(ascii: "0") || place < point {
            guard place < point else {
                hasFraction = true
                continue
            }
            guard append(digit - UInt8(ascii: "0")) else { return nil }
        }
        guard whole > 0 else { return }
        for _ in 0..<max(0, min(point - digits.count, Self.mostDigits)) {
            guard append(0) else { return nil }
        }
    }

    private mutating func append(_ digit: UInt8) -> Bool {
        let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int128(digit))
        whole = sum
        return !overflow && !carry
    }
}

/// Reads digits and signs from left to right.
private struct DigitScanner {
    let text: [UInt8]
    private var offset = 0

    init(text: [UInt8]) { self.text = text }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func digits() -> ArraySlice<UInt8> {
        let start = offset
        while offset < text.count, text[offset] &- UInt8(ascii: "0") < 10 { offset += 1 }
        return text[start..<offset]
    }
}
