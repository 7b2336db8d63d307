import ArgumentParser

/// A duration in an option: `500ms`, `5s`, `2m`, `1h`, `7d`, `1m30s`; a plain number is in seconds, and
/// fractions are allowed: `0.5s`.
package struct TimeSpan: Equatable, Sendable, ExpressibleByArgument, CustomStringConvertible {
    /// The duration in milliseconds.
    package let milliseconds: Int

    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// The end of a message about an invalid value.
    package static let expectation =
        "a length of time: 500ms, 30s, 1m30s, 2h, 7d (a plain number is in seconds)"

    /// Nil if the text is not a duration: no digits, an unknown unit, units that do not decrease, a sign,
    /// more than 10,000 years.
    package init?(argument: String) {
        var rest = argument[...]
        var milliseconds = 0.0
        var lastFactor = Int.max
        repeat {
            let digits = rest.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            // Only a single number may omit the unit.
            let isAlone = unit.isEmpty && rest.isEmpty && lastFactor == .max
            guard let factor = Self.factors[isAlone ? "s" : String(unit)], factor < lastFactor,
                digits.first?.isNumber == true, digits.last?.isNumber == true, let count = Double(digits)
            else { return nil }
            milliseconds += count * Double(factor)
            lastFactor = factor
        } while !rest.isEmpty
        guard milliseconds < 10_000 * 366 * 86_400_000 else { return nil }
        self.milliseconds = Int(milliseconds.rounded())
    }

    private static let factors = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]

    /// The shortest form that `init(argument:)` reads back: `5s`.
    package var description: String {
        let units = Self.factors.sorted { $0.value > $1.value }
        for (unit, size) in units where milliseconds >= size && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    /// The default value in `--help`.
    package var defaultValueDescription: String { description }
}
