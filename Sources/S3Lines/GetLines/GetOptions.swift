import ByteIO
import Digest

/// What a run of s3-get-lines is asked to do, beside the keys.
package struct GetOptions: Sendable {
    /// Whether output follows the order of the keys.
    package var keepsOrder = true
    /// Whether each line is preceded by its object's key and a TAB.
    package var writesKeys = false
    /// Whether the last line of an object stays without a newline if it has none.
    package var isExact = false
    /// Whether gzip objects are written as they are.
    package var isRaw = false
    /// From which size on an object is fetched in ranges, in bytes.
    package var multipartThreshold = 8 << 20
    /// How long the ranges are, in bytes.
    package var chunkSize = 8 << 20
    /// How many bytes may be in flight: fetched or being fetched, and not written yet.
    package var memory = 128 << 20
    /// Whether checksums are asked for and verified.
    package var verifiesChecksums = true
    /// Which of the keys are taken.
    package var shard = Shard()
    /// Whether keys come percent-encoded.
    package var readsURLKeys = false
    /// A file that each object is noted in once standard output has taken all of it.
    package var donePath: String?

    package init() {}
}

/// One of N machines that share a list of keys.
package struct Shard: Equatable, Sendable {
    /// From 1 to `count`.
    package let number: Int
    package let count: Int

    /// The only one, which takes every key.
    package init() {
        number = 1
        count = 1
    }

    /// Reads `I/N`; nil unless I is from 1 to N.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Self.number(parts[0]), let count = Self.number(parts[1]),
            1 <= number, number <= count
        else { return nil }
        self.number = number
        self.count = count
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    /// True if `key`, relative to the location and unescaped, is this machine's.
    package func takes(_ key: [UInt8]) -> Bool {
        count == 1 || Int(CRC.checksum(key.bytes, .crc32).value) % count == number - 1
    }
}
