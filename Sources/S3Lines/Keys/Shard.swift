import ByteIO
import Digest

/// One of N machines that share a list of keys.
package struct Shard: Equatable, Sendable {
    /// From 1 to `count`.
    package let number: Int
    package let count: Int

    /// The only machine, which processes all keys.
    package init() {
        number = 1
        count = 1
    }

    /// Reads `I/N`; nil unless I is from 1 to N.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Self.number(parts[0]), let count = Self.number(parts[1]),
            1 <= number, number <= count
        else { return nil }
        self.number = number
        self.count = count
    }

    private static func number(_ text: Substring.UTF8View) -> Int? {
        text.allSatisfy { (0x30...0x39).contains($0) } ? Int(Substring(text)) : nil
    }

    /// Whether `key`, unescaped and relative to the location, belongs to this machine.
    package func takes(_ key: [UInt8]) -> Bool {
        count == 1 || Int(CRC.checksum(key.bytes, .crc32).value) % count == number - 1
    }
}
