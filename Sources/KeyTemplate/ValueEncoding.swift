package import ByteIO

/// Percent-encoding of values, so that a value of a line stays within one segment of the key.
///
/// S3's safe characters except `/` stay unchanged: `A-Z a-z 0-9 ! - _ . * ' ( )`. Every other byte, `%` included,
/// becomes `%` and two upper-case digits, so that decoding restores the value.
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
