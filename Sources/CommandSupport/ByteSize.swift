import ArgumentParser

/// A number of bytes in an option: `8388608`, `8M`, `8MiB`, `8MB`, `1.5M`; K, M, G and T are powers of 1024.
package struct ByteSize: Equatable, Sendable, ExpressibleByArgument, CustomStringConvertible {
    /// How many bytes.
    package let bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    /// The end of a message about an invalid value.
    package static let expectation = "a number of bytes: 8388608, 8M, 1.5G (K, M, G and T are powers of 1024)"

    /// Nil if the text is not a size: no digits, an unknown unit, a sign, a fraction of a byte, more than `Int.max`.
    package init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        var rest = argument.dropFirst(digits.count)
        var fraction = 0.0
        if rest.first == "." {
            let decimals = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard !decimals.isEmpty, let value = Double("0." + decimals) else { return nil }
            fraction = value
            rest = rest.dropFirst(1 + decimals.count)
        }
        guard let count = Int(digits), let factor = Self.factor(of: rest.uppercased()),
            fraction == 0 || factor > 1
        else { return nil }
        let (whole, isTooLarge) = count.multipliedReportingOverflow(by: factor)
        // Rounded down, so that the result never exceeds the written value.
        let (bytes, overflow) = whole.addingReportingOverflow(Int(fraction * Double(factor)))
        guard !isTooLarge, !overflow else { return nil }
        self.bytes = bytes
    }

    private static func factor(of unit: String) -> Int? {
        let units = ["K", "M", "G", "T"]
        guard unit != "", unit != "B" else { return 1 }
        guard let power = units.firstIndex(of: String(unit.prefix(1))),
            ["", "B", "IB"].contains(unit.dropFirst())
        else { return nil }
        return 1 << (10 * (power + 1))
    }

    /// The shortest form that `init(argument:)` reads back: `8M`.
    package var description: String {
        let units: [(String, Int)] = [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]
        for (unit, size) in units where bytes >= size && bytes % size == 0 { return "\(bytes / size)\(unit)" }
        return "\(bytes)"
    }

    /// The default value in `--help`.
    package var defaultValueDescription: String { description }
}
