import ByteIO
import Digest
import HTTPTransfer

/// The checksum algorithm of uploads. Source: Amazon S3 User Guide, "Checking object integrity".
package enum ChecksumChoice: String, CaseIterable, Sendable {
    case crc64nvme, crc32, crc32c, sha256, none

    /// Nil for none.
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

/// The checksum of a request's body, which the service verifies and stores.
package struct BodyChecksum: Equatable, Sendable {
    let algorithm: ObjectChecksum.Algorithm
    /// Most significant byte first.
    let bytes: [UInt8]
    /// The number of bytes that the checksum covers.
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

    /// The format in headers and XML documents: base64.
    var text: [UInt8] { Base64.encode(bytes) }
    var header: HTTPHeader { HTTPHeader([UInt8](algorithm.rawValue.utf8), text) }

    /// The headers of CreateMultipartUpload: the algorithm and, for a CRC, the type FULL_OBJECT: the checksum
    /// of the object's bytes instead of one of the parts' checksums. Readers can verify only the former.
    static func announcement(_ algorithm: ObjectChecksum.Algorithm) -> [HTTPHeader] {
        [HTTPHeader("x-amz-checksum-algorithm", algorithm.name)]
            + (algorithm.crc == nil ? [] : [ofWholeObject])
    }

    private static let ofWholeObject = HTTPHeader("x-amz-checksum-type", "FULL_OBJECT")

    /// The headers of CompleteMultipartUpload: the object's checksum, which the service compares with the one
    /// that it combines from the parts, and the object's size. Empty if the parts have no checksums that can
    /// be combined.
    static func completion(_ parts: [UploadedPart]) -> [HTTPHeader] {
        guard let whole = combined(parts) else { return [] }
        return [whole.header, ofWholeObject, HTTPHeader("x-amz-mp-object-size", String(whole.count))]
    }

    /// The checksum of all parts' bytes; nil if there are no parts, or a part's checksum is missing or cannot
    /// be combined.
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

    /// The checksums that a service may report for an object of these parts: that of its bytes, or that of
    /// the parts' checksums followed by their number. Empty if a part was sent without a checksum.
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
