import CChecksum

/// The cyclic redundancy checks that S3 and gzip use. All start from, and end with, inverted bits.
package enum CRCAlgorithm: Sendable {
    /// The CRC of gzip and of `x-amz-checksum-crc32`.
    case crc32
    /// Castagnoli's CRC, of `x-amz-checksum-crc32c`.
    case crc32c
    /// The CRC of `x-amz-checksum-crc64nvme`, which S3 adds to objects by itself.
    case crc64nvme

    /// How many bytes a checksum has.
    package var size: Int { self == .crc64nvme ? 8 : 4 }

    fileprivate var kind: checksum_kind {
        switch self {
        case .crc32: CHECKSUM_CRC32
        case .crc32c: CHECKSUM_CRC32C
        case .crc64nvme: CHECKSUM_CRC64NVME
        }
    }
}

/// Computes a checksum, by carry-less multiplication if the processor has it.
package struct CRC: Equatable, Sendable {
    package let algorithm: CRCAlgorithm
    /// The checksum of the bytes added so far, in the lowest `algorithm.size` bytes.
    package private(set) var value: UInt64

    /// - Parameter value: the checksum of preceding bytes; 0 if there are none.
    package init(_ algorithm: CRCAlgorithm, _ value: UInt64 = 0) {
        self.algorithm = algorithm
        self.value = value
    }

    /// Adds `bytes`.
    package mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            let typed = unsafe buffer.assumingMemoryBound(to: UInt8.self)
            unsafe value = checksum_update(algorithm.kind, value, typed.baseAddress, typed.count)
        }
    }

    /// The same without instructions that only some processors have.
    package mutating func updatePortably(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            let typed = unsafe buffer.assumingMemoryBound(to: UInt8.self)
            unsafe value = checksum_update_portable(algorithm.kind, value, typed.baseAddress, typed.count)
        }
    }

    /// The checksum of these bytes followed by `count` bytes whose checksum is `next`, of the same algorithm.
    package func combined(with next: CRC, count: Int) -> CRC {
        CRC(algorithm, checksum_combine(algorithm.kind, value, next.value, UInt64(count)))
    }

    /// The checksum of `bytes`.
    package static func checksum(_ bytes: RawSpan, _ algorithm: CRCAlgorithm) -> CRC {
        var checksum = CRC(algorithm)
        checksum.update(bytes)
        return checksum
    }

    /// Its bytes, most significant first, as S3 encodes them in base64.
    package var bigEndianBytes: [UInt8] {
        (0..<algorithm.size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (algorithm.size - 1 - $0))) }
    }
}
