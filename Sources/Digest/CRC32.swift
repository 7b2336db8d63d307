import CZlib

/// The CRC-32 of gzip and of `x-amz-checksum-crc32`, by zlib.
package struct CRC32: Equatable, Sendable {
    /// The checksum of what was added so far.
    package private(set) var value: UInt32

    /// - Parameter value: the checksum of bytes that came before; 0 for none.
    package init(_ value: UInt32 = 0) { self.value = value }

    /// Adds `bytes`.
    package mutating func update(_ bytes: RawSpan) {
        // Without an address zlib would start anew.
        guard bytes.byteCount > 0 else { return }
        value = unsafe bytes.withUnsafeBytes { buffer in
            let typed = unsafe buffer.assumingMemoryBound(to: UInt8.self)
            return unsafe UInt32(truncatingIfNeeded: crc32_z(UInt(value), typed.baseAddress, typed.count))
        }
    }

    /// The checksum of these bytes followed by `count` bytes whose checksum is `next`.
    package func combined(with next: CRC32, count: Int) -> CRC32 {
        CRC32(UInt32(truncatingIfNeeded: crc32_combine(UInt(value), UInt(next.value), count)))
    }

    /// The checksum of `bytes` alone.
    package static func checksum(_ bytes: RawSpan) -> CRC32 {
        var checksum = CRC32()
        checksum.update(bytes)
        return checksum
    }

    /// The four bytes, most significant first, as S3 encodes them in base64.
    package var bigEndianBytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }
}
