/// Hexadecimal encoding and decoding: lower-case for hashes and identifiers, upper-case for escapes.
package enum Hexadecimal {
    /// The digit for `value`, which is less than 16.
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// The same in upper case.
    static func upperCaseDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") - 10 + value
    }

    /// The digits of `value` in upper case, at least two.
    static func upperCaseText(_ value: UInt32) -> String {
        var text = ""
        for shift in stride(from: 28, through: 0, by: -4) where shift < 8 || value >> shift > 0 {
            let digit = upperCaseDigit(UInt8(truncatingIfNeeded: value >> shift & 15))
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text
    }

    /// Appends two lower-case digits for each byte.
    package static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
    }

    /// Appends two lower-case digits for each byte to a buffer.
    package static func append(_ bytes: RawSpan, to text: inout ByteBuffer) {
        unsafe text.append(atMost: 2 * bytes.byteCount) { digits in
            for index in 0..<bytes.byteCount {
                let byte = bytes[index]
                unsafe digits[2 * index] = digit(byte >> 4)
                unsafe digits[2 * index + 1] = digit(byte & 15)
            }
            return 2 * bytes.byteCount
        }
    }

    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 2 * bytes.count) { digits, count in
            for byte in bytes {
                unsafe digits[count] = digit(byte >> 4)
                unsafe digits[count + 1] = digit(byte & 15)
                count += 2
            }
        }
    }

    /// Decodes pairs of digits in either case; nil for anything else.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// The value of `digit`, in either case; nil if it is not a digit.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    /// Appends the last `digits` digits of `value`, in lower case; at most 16.
    package static func append(_ value: UInt64, digits: Int, to text: inout ByteBuffer) {
        var characters = InlineArray<16, UInt8>(repeating: 0)
        var rest = value
        for place in stride(from: characters.count - 1, to: characters.count - 1 - digits, by: -1) {
            characters[place] = digit(UInt8(truncatingIfNeeded: rest & 15))
            rest >>= 4
        }
        text.append(unsafe characters.span.bytes.extracting(last: digits))
    }
}
