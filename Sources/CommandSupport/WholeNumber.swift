import ArgumentParser

/// The transform of an option whose value is a whole number in `range`.
///
/// A range up to the greatest number of the type has no maximum for the user.
package func wholeNumber<Number: FixedWidthInteger & Sendable>(
    _ range: ClosedRange<Number>
) -> @Sendable (String) throws -> Number {
    { text in
        guard let number = Number(text), range.contains(number) else {
            let limits =
                range.upperBound == .max
                ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw ValidationError("expected a whole number \(limits)")
        }
        return number
    }
}
