/// The decimal text of a counter, kept between uses: incrementing it usually changes one digit.
package struct DecimalText: Sendable {
    /// The number of digits of `UInt64.max`.
    private static let mostDigits = 20
    private static let zero = UInt8(ascii: "0")

    private var value: UInt64
    /// The digits start at `first`; zeros precede them.
    private var digits: InlineArray<20, UInt8>
    private var first: Int

    package init(_ value: UInt64) {
        self.value = value
        digits = InlineArray(repeating: Self.zero)
        first = Self.mostDigits
        var rest = value
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            first -= 1
            digits[first] = Self.zero + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
    }

    /// Sets the number.
    package mutating func set(_ number: UInt64) {
        guard number == value &+ 1, number > 0 else {
            if number != value { self = DecimalText(number) }
            return
        }
        value = number
        var place = Self.mostDigits - 1
        while digits[place] == UInt8(ascii: "9") {
            digits[place] = Self.zero
            place -= 1
        }
        digits[place] += 1
        first = min(first, place)
    }

    /// Appends the digits, padded with zeros to `width`.
    package func append(to text: inout ByteBuffer, width: Int = 1) {
        let count = Self.mostDigits - first
        if width > count {
            for _ in count..<width { text.append(Self.zero) }
        }
        text.append(unsafe digits.span.bytes.extracting(first..<Self.mostDigits))
    }
}
