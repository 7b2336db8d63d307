/// The escaping of keys in records, receipts and operands: `\\`, `\t`, `\n` and `\r` encode backslash, TAB,
/// newline and carriage return, so that any key is one field of one line.
package enum KeyEscaping {
    /// A backslash that does not start one of the four escapes.
    package struct Malformed: Error, Equatable, Sendable, CustomStringConvertible {
        /// The offset of the backslash in the field, in bytes.
        package let offset: Int

        package init(offset: Int) { self.offset = offset }

        package var description: String {
            "byte \(offset + 1): a backslash in a key is written \\\\; \\t, \\n and \\r are the only other escapes"
        }
    }

    private static let backslash = UInt8(ascii: "\\")

    /// Decodes `field` and appends the bytes to `key`.
    package static func unescape(_ field: RawSpan, into key: inout [UInt8]) throws(Malformed) {
        if key.isEmpty, field.firstIndex(of: backslash) == nil { return key = field.array }
        key.reserveCapacity(key.count + field.byteCount)
        var index = 0
        while index < field.byteCount {
            var byte = field[index]
            if byte == backslash {
                guard index + 1 < field.byteCount,
                    let meant = meaning(field[index + 1])
                else { throw Malformed(offset: index) }
                byte = meant
                index += 1
            }
            key.append(byte)
            index += 1
        }
    }

    /// Appends `key`, escaped, to `field`.
    package static func escape(_ key: RawSpan, into field: inout [UInt8]) {
        guard needsEscapes(key) else {
            unsafe key.withUnsafeBytes { unsafe field.append(contentsOf: $0) }
            return
        }
        for index in 0..<key.byteCount {
            let byte = key[index]
            if let letter = letter(byte) {
                field.append(backslash)
                field.append(letter)
            } else {
                field.append(byte)
            }
        }
    }

    private static func needsEscapes(_ key: RawSpan) -> Bool {
        // The loop does not stop early, so that it can be vectorized.
        unsafe key.withUnsafeBytes { bytes in
            var needs: UInt8 = 0
            for index in 0..<bytes.count {
                let byte = unsafe bytes[index]
                needs |= byte == backslash ? 1 : 0
                needs |= byte == 0x09 ? 1 : 0
                needs |= byte == 0x0A ? 1 : 0
                needs |= byte == 0x0D ? 1 : 0
            }
            return needs != 0
        }
    }

    private static func meaning(_ letter: UInt8) -> UInt8? {
        switch letter {
        case backslash: backslash
        case UInt8(ascii: "t"): UInt8(ascii: "\t")
        case UInt8(ascii: "n"): UInt8(ascii: "\n")
        case UInt8(ascii: "r"): UInt8(ascii: "\r")
        default: nil
        }
    }

    private static func letter(_ byte: UInt8) -> UInt8? {
        switch byte {
        case backslash: backslash
        case UInt8(ascii: "\t"): UInt8(ascii: "t")
        case UInt8(ascii: "\n"): UInt8(ascii: "n")
        case UInt8(ascii: "\r"): UInt8(ascii: "r")
        default: nil
        }
    }
}
