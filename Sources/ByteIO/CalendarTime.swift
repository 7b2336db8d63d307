/// A second of the proleptic Gregorian calendar, in UTC.
package struct CalendarTime: Equatable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    /// 0 for Sunday.
    package let weekday: Int

    /// The range of RFC 3339, years 0 to 9999, in seconds since the epoch.
    package static let representable = -62_167_219_200...253_402_300_799

    private static let secondsPerDay = 86_400
    /// Days from 1 March of year 0 to 1 January 1970.
    private static let epochDays = 719_468
    /// The Gregorian calendar repeats after 400 years.
    private static let daysPerEra = 146_097

    /// - Parameter seconds: since the epoch, negative before it.
    package init(secondsSinceEpoch seconds: Int) {
        let days = floorDivide(seconds, Self.secondsPerDay)
        let time = seconds - days * Self.secondsPerDay
        hour = time / 3600
        minute = time / 60 % 60
        second = time % 60
        weekday = (days % 7 + 11) % 7

        // Years are counted from March here, so that the leap day is the last of its year.
        let shifted = days + Self.epochDays
        let era = floorDivide(shifted, Self.daysPerEra)
        let dayOfEra = shifted - era * Self.daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let marchDay = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * marchDay + 2) / 153
        day = marchDay - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = 400 * era + yearOfEra + (month <= 2 ? 1 : 0)
    }

    /// Days from the epoch to a date, negative before it.
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = floorDivide(marchYear, 400)
        let yearOfEra = marchYear - 400 * era
        let marchMonth = month > 2 ? month - 3 : month + 9
        let marchDay = (153 * marchMonth + 2) / 5 + day - 1
        return daysPerEra * era + 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + marchDay - epochDays
    }

    /// The number of days in a month.
    package static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 0 for 1 January.
    package var dayOfYear: Int {
        Self.days(year: year, month: month, day: day) - Self.days(year: year, month: 1, day: 1)
    }

    /// The year and week (1 to 53) of the day in ISO 8601: weeks begin on Monday, and the first week of a year
    /// contains its first Thursday.
    package var isoWeek: (year: Int, week: Int) {
        let today = Self.days(year: year, month: month, day: day)
        let thursday = today - (weekday + 6) % 7 + 3
        let yearOfWeek = CalendarTime(secondsSinceEpoch: thursday * Self.secondsPerDay).year
        return (yearOfWeek, (thursday - Self.days(year: yearOfWeek, month: 1, day: 1)) / 7 + 1)
    }
}

/// The quotient rounded down, for negative dividends too.
package func floorDivide(_ dividend: Int, _ divisor: Int) -> Int {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
