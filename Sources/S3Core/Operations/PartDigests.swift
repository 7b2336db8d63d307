import ByteIO
import Digest

/// What is computed of the bytes of a part, or of an object in one request, before they are sent. Of many bytes that
/// takes longer than sending others may wait, so it may be done by any thread.
package struct PartDigests: Sendable {
    /// What the service is given to compare.
    let checksum: BodyChecksum?
    /// What is kept of the bytes, to compare the object with another.
    let sum: CRC?
    /// The SHA-256 that the signature has, in hexadecimal; nil where it has none.
    let payloadHash: [UInt8]?

    /// The checksum alone; what else is needed is computed when the request is made.
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
