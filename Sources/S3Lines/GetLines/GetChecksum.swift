import ByteIO
import Digest
import S3Core

/// The checksum of an object's bytes as they are taken in order, beside the one that they must give.
///
/// Ranges come in any order, but each byte passes here in its place on the way to the output. So one sum runs
/// over all of them, whatever the algorithm, and vouches for just what is written. CRCs of each range, combined,
/// could be begun earlier, but cost as much.
struct ChecksumVerification: ~Copyable {
    private let expected: ObjectChecksum
    /// One of the two.
    private var crc: CRC?
    private var digest: MessageDigest?

    init(_ expected: ObjectChecksum) {
        self.expected = expected
        crc = expected.algorithm.crc.map { CRC($0) }
        switch expected.algorithm {
        case .crc64nvme, .crc32c, .crc32: digest = nil
        case .sha1: digest = MessageDigest(.sha1)
        case .sha256: digest = MessageDigest(.sha256)
        }
    }

    /// Adds the object's next bytes.
    mutating func update(_ bytes: RawSpan) {
        crc?.update(bytes)
        digest?.update(bytes)
    }

    /// All bytes were added.
    ///
    /// - Returns: nil if the checksums are the same, else what is wrong.
    mutating func mismatch() -> String? {
        let value = Base64.encode(digest?.finish() ?? crc?.bigEndianBytes ?? [])
        guard value != expected.value else { return nil }
        return
            "\(expected.algorithm.name) mismatch: expected \(String(decoding: expected.value, as: UTF8.self)), "
            + "found \(String(decoding: value, as: UTF8.self))"
    }
}
