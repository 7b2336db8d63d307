import ArgumentParser

/// A length of time as options take it: `500ms`, `5s`, `2m`, `1h`, `7d`; a plain number is seconds, and a
/// fraction is allowed: `0.5s`.
package struct TimeSpan: Equatable, Sendable, ExpressibleByArgument, CustomStringConvertible {
    /// How many milliseconds.
    package let milliseconds: Int

    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// Nil for what is not a length of time: no digits, an unknown unit, a sign, more than 10,000 years.
    package init?(argument: String) {
        let digits = argument.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
        let unit = argument.dropFirst(digits.count)
        guard let factor = Self.factors[unit.isEmpty ? "s" : String(unit)], digits.first?.isNumber == true,
            let count = Double(digits)
        else { return nil }
        let milliseconds = count * Double(factor)
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

    /// What `--help` shows as a default.
    package var defaultValueDescription: String { description }
}
