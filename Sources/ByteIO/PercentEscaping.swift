/// Percent-encoding (RFC 3986, 2.1): encodes bytes as `%` and two upper-case hexadecimal digits, except those
/// that are kept.
package struct PercentEscaping: Sendable {
    /// For each byte whether it is kept.
    private let isKept: [Bool]

    /// - Parameter signs: the ASCII characters that are kept besides letters and digits.
    package init(keeping signs: String) {
        let kept = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8 + Array(signs.utf8))
        isKept = (0...255).map { kept.contains(UInt8($0)) }
    }

    /// Appends `bytes`, encoded.
    package func append(_ bytes: RawSpan, to text: inout ByteBuffer) {
        var start = 0
        while let place = firstEscaped(bytes, from: start) {
            text.append(bytes.extracting(start..<place))
            Self.append(bytes[place], to: &text)
            start = place + 1
        }
        text.append(bytes.extracting(droppingFirst: start))
    }

    /// Appends `bytes`, encoded, to an array.
    package func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        var start = 0
        while let place = firstEscaped(bytes.bytes, from: start) {
            text += bytes[start..<place]
            text.append(UInt8(ascii: "%"))
            text.append(Hexadecimal.upperCaseDigit(bytes[place] >> 4))
            text.append(Hexadecimal.upperCaseDigit(bytes[place] & 15))
            start = place + 1
        }
        // The fast path: usually nothing has to be encoded.
        if start == 0 { text += bytes } else { text += bytes[start...] }
    }

    /// Appends one byte, encoded even if it is one of those that are kept.
    package static func append(_ byte: UInt8, to text: inout ByteBuffer) {
        text.append(UInt8(ascii: "%"))
        text.append(Hexadecimal.upperCaseDigit(byte >> 4))
        text.append(Hexadecimal.upperCaseDigit(byte & 15))
    }

    private func firstEscaped(_ bytes: RawSpan, from start: Int) -> Int? {
        var place = start
        while place < bytes.byteCount {
            if !isKept[Int(bytes[place])] { return place }
            place += 1
        }
        return nil
    }
}
