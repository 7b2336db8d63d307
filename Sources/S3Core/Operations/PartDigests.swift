import ByteIO
import Digest

/// Digests of a part, or of an object sent in one request, computed before sending. For large bodies this
/// would delay other requests, so any thread may compute them.
package struct PartDigests: Sendable {
    /// The checksum that the service verifies.
    let checksum: BodyChecksum?
    /// The CRC that is kept to compare the object with another.
    let sum: CRC?
    /// The SHA-256 in the signature, in hexadecimal; nil if the signature has none.
    let payloadHash: [UInt8]?

    /// Creates digests with only a checksum; others are computed when the request is made.
    init(_ checksum: BodyChecksum?) {
        self.checksum = checksum
        sum = nil
        payloadHash = nil
    }

    init(of body: ByteBlock, checksum algorithm: ObjectChecksum.Algorithm?, keepsSum: Bool, isSigned: Bool) {
        checksum = algorithm.map { BodyChecksum($0, of: body) }
        sum = keepsSum ? CRC.checksum(body.bytes, .crc64nvme) : nil
        let known = algorithm == .sha256 ? checksum?.bytes : nil
        payloadHash = isSigned ? Hexadecimal.encode(known ?? MessageDigest.hash(body.bytes, .sha256)) : nil
    }
}
