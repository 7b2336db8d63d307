import ByteIO
import Digest
import S3Core

/// Computes the checksum of an object's bytes in order and compares it with the expected one.
///
/// Ranges arrive in any order, but each byte passes here in its place on the way to the output. So one
/// checksum covers all of them with any algorithm, and covers exactly the bytes that are written. Combining
/// CRCs per range could start earlier, but costs as much.
struct ChecksumVerification: ~Copyable {
    private let expected: ObjectChecksum
    /// Either `crc` or `digest` is set.
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

    /// Ends the checksum after the last byte.
    ///
    /// - Returns: nil if the checksums match, else a description of the mismatch.
    mutating func mismatch() -> String? {
        let value = Base64.encode(digest?.finish() ?? crc?.bigEndianBytes ?? [])
        guard value != expected.value else { return nil }
        return
            "\(expected.algorithm.name) mismatch: expected \(String(decoding: expected.value, as: UTF8.self)), "
            + "found \(String(decoding: value, as: UTF8.self))"
    }
}
