package import ByteIO

/// A strftime(3) format, parsed once and applied to many times, in UTC and the C locale.
///
/// All of POSIX's conversions are known, `E` and `O` before them mean nothing in the C locale, and of glibc's
/// additions `%k %l %P %s` and the flags `-` (no padding), `_` (spaces), `0` (zeros) and `^` (upper case).
/// Years have at least four digits, as date(1) prints them, so that text sorts like time.
package struct TimeFormat: Equatable, Sendable {
    /// The format is not one of strftime's.
    package struct Malformed: Error, Equatable, Sendable {
        /// Where, in bytes from the format's start.
        package let offset: Int
        /// The reason.
        package let reason: String
    }

    /// How a number is padded to its usual width.
    private enum Padding: Equatable, Sendable {
        case usual, none, spaces, zeros
    }

    private enum Piece: Equatable, Sendable {
        case byte(UInt8)
        case number(letter: UInt8, Padding)
        case name(letter: UInt8, isUpper: Bool)

        func upper(_ isUpper: Bool) -> Self {
            guard case .name(let letter, false) = self else { return self }
            return .name(letter: letter, isUpper: isUpper)
        }
    }

    private var pieces: [Piece] = []

    /// `2026-05-01T12:34:56Z`
    package static let internetDateTime = TimeFormat(known: "%Y-%m-%dT%H:%M:%SZ")

    package init(parsing format: [UInt8]) throws(Malformed) {
        var offset = 0
        while offset < format.count {
            if format[offset] == UInt8(ascii: "%") {
                try addConversion(format, at: &offset)
            } else {
                pieces.append(.byte(format[offset]))
                offset += 1
            }
        }
    }

    private init(known format: StaticString) {
        do {
            try self.init(parsing: [UInt8](format.description.utf8))
        } catch {
            preconditionFailure(error.reason)
        }
    }

    /// For how many consecutive seconds the text stays the same: a day, an hour, a minute or one second.
    var resolution: Int {
        pieces.map { piece in
            switch piece {
            case .number(let letter, _), .name(let letter, _): Self.resolution(letter)
            case .byte: 86_400
            }
        }.min() ?? 86_400
    }

    private static func resolution(_ letter: UInt8) -> Int {
        switch letter {
        case UInt8(ascii: "s"), UInt8(ascii: "S"): 1
        case UInt8(ascii: "M"): 60
        case UInt8(ascii: "H"), UInt8(ascii: "I"), UInt8(ascii: "k"), UInt8(ascii: "l"), UInt8(ascii: "p"),
            UInt8(ascii: "P"):
            3600
        default: 86_400
        }
    }

    /// True if the text contains a byte that a KEY field escapes.
    var holdsEscapedBytes: Bool {
        pieces.contains { [.byte(0x5C), .byte(0x09), .byte(0x0A), .byte(0x0D)].contains($0) }
    }

    private mutating func addConversion(_ format: [UInt8], at offset: inout Int) throws(Malformed) {
        let start = offset
        var padding = Padding.usual
        var isUpper = false
        offset += 1
        flags: while offset < format.count {
            switch format[offset] {
            case UInt8(ascii: "-"): padding = .none
            case UInt8(ascii: "_"): padding = .spaces
            case UInt8(ascii: "0"): padding = .zeros
            case UInt8(ascii: "^"): isUpper = true
            default: break flags
            }
            offset += 1
        }
        var modifier: UInt8?
        if offset < format.count, [UInt8(ascii: "E"), UInt8(ascii: "O")].contains(format[offset]) {
            modifier = format[offset]
            offset += 1
        }
        guard offset < format.count else {
            throw Malformed(
                offset: start, reason: "the format ends in a single '%'; write '%%' for a literal '%'")
        }
        let letter = format[offset]
        offset += 1
        let conversion = "%" + Diagnostics.printable(format[start + 1..<offset])
        guard Self.allows(modifier, before: letter) else {
            throw Malformed(offset: start, reason: "'\(conversion)' is not a conversion of strftime")
        }
        if let composite = Self.composites[letter] {
            for piece in TimeFormat(known: composite).pieces { pieces.append(piece.upper(isUpper)) }
        } else if Self.names.contains(letter) {
            pieces.append(.name(letter: letter, isUpper: isUpper))
        } else if Self.numbers.contains(letter) {
            pieces.append(.number(letter: letter, padding))
        } else if let text = Self.texts[letter] {
            pieces += text.description.utf8.map { .byte($0) }
        } else {
            throw Malformed(offset: start, reason: "'\(conversion)' is not a conversion of strftime")
        }
    }

    private static let names = [UInt8]("aAbBhpP".utf8)
    private static let numbers = [UInt8]("CdegGHIjklmMsSuUVwWyY".utf8)
    private static let texts: [UInt8: StaticString] = [
        UInt8(ascii: "%"): "%", UInt8(ascii: "n"): "\n", UInt8(ascii: "t"): "\t", UInt8(ascii: "z"): "+0000",
        UInt8(ascii: "Z"): "UTC",
    ]
    private static let composites: [UInt8: StaticString] = [
        UInt8(ascii: "c"): "%a %b %e %H:%M:%S %Y", UInt8(ascii: "D"): "%m/%d/%y",
        UInt8(ascii: "F"): "%Y-%m-%d",
        UInt8(ascii: "r"): "%I:%M:%S %p", UInt8(ascii: "R"): "%H:%M", UInt8(ascii: "T"): "%H:%M:%S",
        UInt8(ascii: "x"): "%m/%d/%y", UInt8(ascii: "X"): "%H:%M:%S",
    ]

    private static func allows(_ modifier: UInt8?, before letter: UInt8) -> Bool {
        switch modifier {
        case UInt8(ascii: "E"): [UInt8]("cCxXyY".utf8).contains(letter)
        case UInt8(ascii: "O"): [UInt8]("deHImMSuUVwWy".utf8).contains(letter)
        default: true
        }
    }

    // MARK: - Output

    /// Appends the text for a time.
    ///
    /// - Parameter seconds: since the epoch, within `CalendarTime.representable`.
    package func append(_ seconds: Int, to text: inout ByteBuffer) {
        let time = CalendarTime(secondsSinceEpoch: seconds)
        for piece in pieces {
            switch piece {
            case .byte(let byte): text.append(byte)
            case .name(let letter, let isUpper): Self.appendName(letter, isUpper, time, to: &text)
            case .number(let letter, let padding):
                let (value, width, usual) = Self.number(letter, time, seconds)
                Self.append(value, width, padding == .usual ? usual : padding, to: &text)
            }
        }
    }

    /// A number's value, width and padding.
    private static func number(
        _ letter: UInt8, _ time: CalendarTime, _ seconds: Int
    ) -> (value: Int, width: Int, Padding) {
        switch letter {
        case UInt8(ascii: "C"): (time.year / 100, 2, .zeros)
        case UInt8(ascii: "d"): (time.day, 2, .zeros)
        case UInt8(ascii: "e"): (time.day, 2, .spaces)
        case UInt8(ascii: "g"): ((time.isoWeek.year % 100 + 100) % 100, 2, .zeros)
        case UInt8(ascii: "G"): (time.isoWeek.year, 4, .zeros)
        case UInt8(ascii: "H"): (time.hour, 2, .zeros)
        case UInt8(ascii: "I"): ((time.hour + 11) % 12 + 1, 2, .zeros)
        case UInt8(ascii: "j"): (time.dayOfYear + 1, 3, .zeros)
        case UInt8(ascii: "k"): (time.hour, 2, .spaces)
        case UInt8(ascii: "l"): ((time.hour + 11) % 12 + 1, 2, .spaces)
        case UInt8(ascii: "m"): (time.month, 2, .zeros)
        case UInt8(ascii: "M"): (time.minute, 2, .zeros)
        case UInt8(ascii: "s"): (seconds, 1, .zeros)
        case UInt8(ascii: "S"): (time.second, 2, .zeros)
        case UInt8(ascii: "u"): ((time.weekday + 6) % 7 + 1, 1, .zeros)
        case UInt8(ascii: "U"): ((time.dayOfYear + 7 - time.weekday) / 7, 2, .zeros)
        case UInt8(ascii: "V"): (time.isoWeek.week, 2, .zeros)
        case UInt8(ascii: "w"): (time.weekday, 1, .zeros)
        case UInt8(ascii: "W"): ((time.dayOfYear + 7 - (time.weekday + 6) % 7) / 7, 2, .zeros)
        case UInt8(ascii: "y"): (time.year % 100, 2, .zeros)
        default: (time.year, 4, .zeros)
        }
    }

    private static func append(_ value: Int, _ width: Int, _ padding: Padding, to text: inout ByteBuffer) {
        if padding == .zeros, width == 2 || width == 4, 0 <= value, value < 10_000 {
            // The common case, kept short.
            if width == 4 || value >= 100 { appendPair(value / 100, to: &text) }
            return appendPair(value % 100, to: &text)
        }
        if value < 0 { text.append(UInt8(ascii: "-")) }
        if padding == .spaces {
            var bound = (1..<width).reduce(1) { bound, _ in 10 * bound }
            while bound > max(value, 1) {
                text.append(UInt8(ascii: " "))
                bound /= 10
            }
        }
        text.append(decimal: UInt64(value.magnitude), width: padding == .zeros ? width : 1)
    }

    private static func appendPair(_ value: Int, to text: inout ByteBuffer) {
        text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
        text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    private static let weekdays: [StaticString] = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let months: [StaticString] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]

    private static func appendName(
        _ letter: UInt8, _ isUpper: Bool, _ time: CalendarTime, to text: inout ByteBuffer
    ) {
        switch letter {
        case UInt8(ascii: "a"): append(weekdays[time.weekday], 3, isUpper, to: &text)
        case UInt8(ascii: "A"): append(weekdays[time.weekday], .max, isUpper, to: &text)
        case UInt8(ascii: "B"): append(months[time.month - 1], .max, isUpper, to: &text)
        case UInt8(ascii: "p"): append(time.hour < 12 ? "AM" : "PM", .max, isUpper, to: &text)
        case UInt8(ascii: "P"): append(time.hour < 12 ? "am" : "pm", .max, isUpper, to: &text)
        default: append(months[time.month - 1], 3, isUpper, to: &text)
        }
    }

    private static func append(
        _ name: StaticString, _ length: Int, _ isUpper: Bool, to text: inout ByteBuffer
    ) {
        for index in 0..<min(length, name.utf8CodeUnitCount) {
            let letter = unsafe name.utf8Start[index]
            text.append(isUpper && letter >= UInt8(ascii: "a") ? letter - 0x20 : letter)
        }
    }
}
