import ByteIO
import Digest
import HTTPTransfer

/// The checksum that is sent with uploads, where it is. Source: Amazon S3 User Guide, "Checking object
/// integrity".
enum UploadChecksum {
    static let headerName = [UInt8]("x-amz-checksum-crc32".utf8)
    /// What announces it at the start of a multipart upload.
    static let algorithm = HTTPHeader("x-amz-checksum-algorithm", "CRC32")

    /// In base64.
    static func crc32(of body: ByteBlock) -> [UInt8] {
        Base64.encode(CRC.checksum(body.bytes, .crc32).bigEndianBytes)
    }

    /// What the service makes of the parts' checksums: the CRC-32 of them all, in base64, with `-N` behind
    /// it. Nil if a part was sent without one.
    static func crc32(of parts: [UploadedPart]) -> [UInt8]? {
        var checksums: [UInt8] = []
        for part in parts {
            guard let text = part.checksum, let bytes = Base64.decode(text) else { return nil }
            checksums += bytes
        }
        return Base64.encode(CRC.checksum(checksums.bytes, .crc32).bigEndianBytes) + "-\(parts.count)".utf8
    }
}
