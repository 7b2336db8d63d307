import ByteIO
import Digest
import HTTPTransfer

/// What an upload's bytes are vouched for by. Source: Amazon S3 User Guide, "Checking object integrity".
package enum ChecksumChoice: String, CaseIterable, Sendable {
    case crc64nvme, crc32, crc32c, sha256, none

    /// Nil sends none.
    package var algorithm: ObjectChecksum.Algorithm? {
        switch self {
        case .crc64nvme: .crc64nvme
        case .crc32: .crc32
        case .crc32c: .crc32c
        case .sha256: .sha256
        case .none: nil
        }
    }
}

/// The checksum of the bytes of one request, sent along for the service to compare and to keep.
package struct BodyChecksum: Equatable, Sendable {
    let algorithm: ObjectChecksum.Algorithm
    /// Most significant byte first.
    let bytes: [UInt8]
    /// How many bytes the checksum is of.
    let count: Int

    init(_ algorithm: ObjectChecksum.Algorithm, of body: ByteBlock) {
        self.init(algorithm, of: body.bytes)
    }

    private init(_ algorithm: ObjectChecksum.Algorithm, of body: RawSpan) {
        self.algorithm = algorithm
        count = body.byteCount
        bytes =
            if let crc = algorithm.crc {
                CRC.checksum(body, crc).bigEndianBytes
            } else {
                MessageDigest.hash(body, algorithm == .sha1 ? .sha1 : .sha256)
            }
    }

    private init(_ sum: CRC, _ algorithm: ObjectChecksum.Algorithm, count: Int) {
        self.algorithm = algorithm
        self.count = count
        bytes = sum.bigEndianBytes
    }

    /// As header fields and documents have it.
    var text: [UInt8] { Base64.encode(bytes) }
    var header: HTTPHeader { HTTPHeader([UInt8](algorithm.rawValue.utf8), text) }

    /// What begins a multipart upload with it: the algorithm, and that the object shall have the checksum of its
    /// bytes, not one of the parts' checksums, as far as that can be made of them: with a CRC. Readers can verify
    /// only that.
    static func announcement(_ algorithm: ObjectChecksum.Algorithm) -> [HTTPHeader] {
        [HTTPHeader("x-amz-checksum-algorithm", algorithm.name)]
            + (algorithm.crc == nil ? [] : [ofWholeObject])
    }

    private static let ofWholeObject = HTTPHeader("x-amz-checksum-type", "FULL_OBJECT")

    /// What ends one: the object's checksum, which the service compares with the one that it makes of the parts',
    /// and its size. Nothing if the parts have none that can be combined.
    static func completion(_ parts: [UploadedPart]) -> [HTTPHeader] {
        guard let whole = combined(parts) else { return [] }
        return [whole.header, ofWholeObject, HTTPHeader("x-amz-mp-object-size", String(whole.count))]
    }

    /// The checksum of all parts' bytes; nil if there are none, or any has none, or one that cannot be combined.
    static func combined(_ parts: [UploadedPart]) -> BodyChecksum? {
        guard let algorithm = parts.first?.checksum?.algorithm, let crc = algorithm.crc else { return nil }
        var (sum, count) = (CRC(crc), 0)
        for part in parts {
            guard let checksum = part.checksum else { return nil }
            let value = checksum.bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            sum = sum.combined(with: CRC(crc, value), count: checksum.count)
            count += checksum.count
        }
        return BodyChecksum(sum, algorithm, count: count)
    }

    /// What a service may say that it keeps of an object of these parts: the checksum of its bytes, or that of the
    /// parts' checksums, with their number after it. Empty if a part was sent without one.
    static func possible(_ parts: [UploadedPart]) -> [ObjectChecksum] {
        guard let algorithm = parts.first?.checksum?.algorithm else { return [] }
        var all: [UInt8] = []
        for part in parts {
            guard let checksum = part.checksum else { return [] }
            all += checksum.bytes
        }
        let composite = ObjectChecksum(
            algorithm, BodyChecksum(algorithm, of: all.bytes).text + "-\(parts.count)".utf8)
        return [composite] + (combined(parts).map { [ObjectChecksum(algorithm, $0.text)] } ?? [])
    }
}
