package import ByteIO

/// Percent-encoding of values, so that whatever a line holds stays within one segment of the key.
///
/// What S3 calls safe characters stay as they are, without the `/`: `A-Z a-z 0-9 ! - _ . * ' ( )`. Every
/// other byte is `%` and two upper-case digits; `%` is one of them, so decoding gives the value back.
package enum ValueEncoding {
    private static let digits = [UInt8]("0123456789ABCDEF".utf8)

    private static let isSafe: [Bool] = (0...255).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: [UInt8]("!-_.*'()".utf8).contains(UInt8(byte))
        }
    }

    /// Appends `value`, encoded.
    package static func append(_ value: RawSpan, to key: inout ByteBuffer) {
        var start = 0
        for offset in 0..<value.byteCount where !isSafe[Int(value[offset])] {
            key.append(value.extracting(start..<offset))
            appendEncoded(value[offset], to: &key)
            start = offset + 1
        }
        key.append(value.extracting(start..<value.byteCount))
    }

    static func appendEncoded(_ byte: UInt8, to key: inout ByteBuffer) {
        key.append(UInt8(ascii: "%"))
        key.append(digits[Int(byte >> 4)])
        key.append(digits[Int(byte & 15)])
    }
}
