import ByteIO

/// An invalid value in the input.
package struct InvalidValue: Error, Equatable, Sendable {
    /// The position of the first invalid byte.
    package let position: SourcePosition
    /// The number of the value in the input, from 1.
    package let number: Int
    package let reason: JSONSyntaxError
    /// The end of the value's bytes up to and including the invalid byte.
    package let excerpt: [UInt8]
    /// The position of the unwrapped array that contains the value.
    package let array: SourcePosition?

    /// A copy with another reason.
    func withReason(_ reason: JSONSyntaxError) -> InvalidValue {
        InvalidValue(position: position, number: number, reason: reason, excerpt: excerpt, array: array)
    }
}

extension InvalidValue: CustomStringConvertible {
    /// `LINE:COLUMN (byte N, value M): expected X, found Y near 'EXCERPT'`.
    package var description: String {
        let opened = array.map { "; the array opened at \($0)" } ?? ""
        // An excerpt of data that is not JSON would not help.
        let isForeign = if case .encoding = reason.found { true } else { false }
        let near =
            excerpt.isEmpty || isForeign
            ? "" : " near '" + Diagnostics.printable(excerpt, escapesBackslashes: true) + "'"
        return
            "\(position.line):\(position.column) (byte \(position.byte), value \(number)): \(reason)\(near)\(opened)"
    }
}
