import ByteIO

/// Bytes that are no value.
package struct InvalidValue: Error, Equatable, Sendable {
    /// The offending byte's place.
    package let position: SourcePosition
    /// Which value of the input it is, counted from 1.
    package let number: Int
    package let reason: JSONSyntaxError
    /// The value's bytes up to and with the offending one, the last of them if there are many.
    package let excerpt: [UInt8]
    /// Where the array opened whose elements are being taken out.
    package let array: SourcePosition?

    /// The same with another reason.
    func withReason(_ reason: JSONSyntaxError) -> InvalidValue {
        InvalidValue(position: position, number: number, reason: reason, excerpt: excerpt, array: array)
    }
}

extension InvalidValue: CustomStringConvertible {
    /// `LINE:COLUMN (byte N, value M): expected X, found Y near 'EXCERPT'`.
    package var description: String {
        let opened = array.map { "; the array opened at \($0)" } ?? ""
        // What is no JSON at all shows nothing.
        let isForeign = if case .encoding = reason.found { true } else { false }
        let near =
            excerpt.isEmpty || isForeign
            ? "" : " near '" + Diagnostics.printable(excerpt, escapesBackslashes: true) + "'"
        return
            "\(position.line):\(position.column) (byte \(position.byte), value \(number)): \(reason)\(near)\(opened)"
    }
}
