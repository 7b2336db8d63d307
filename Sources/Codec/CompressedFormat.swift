/// The formats of compressed objects. An object consists of one stream or several consecutive ones.
package enum CompressedFormat: Sendable, CaseIterable {
    /// Members, RFC 1952.
    case gzip
    /// Frames, RFC 8878.
    case zstd

    /// What the first bytes of an object show.
    package enum Recognition: Equatable, Sendable {
        case format(CompressedFormat)
        case plain
        /// More bytes are needed.
        case unknown
    }

    /// How many bytes identify every format.
    package static let longestMagic = 4

    /// Gzip: two magic numbers and the only method there is (RFC 1952, 2.3.1).
    private static let gzipMagic: [UInt8] = [0x1F, 0x8B, 0x08]
    /// Zstandard: 0xFD2FB528, least significant byte first (RFC 8878, 3.1.1).
    private static let zstdMagic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    /// A skippable frame, which pzstd writes first: 0x184D2A50 to 0x184D2A5F (RFC 8878, 3.1.2).
    private static let skippableMagic: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]

    /// - Parameter bytes: the first `longestMagic` bytes of an object, or all of them.
    package static func recognize(_ bytes: [UInt8]) -> Recognition {
        if let first = bytes.first, !canBegin(with: first) { return .plain }
        var isUnknown = false
        for (format, magic) in [(gzip, gzipMagic), (zstd, zstdMagic), (zstd, skippableMagic)] {
            let matched = zip(bytes, magic).enumerated().prefix {
                $1.0 == $1.1 || magic == skippableMagic && $0 == 0 && $1.0 & 0xF0 == 0x50
            }.count
            if matched == magic.count { return .format(format) }
            if matched == bytes.count { isUnknown = true }
        }
        return isUnknown ? .unknown : .plain
    }

    /// Whether any format can begin with `byte`; most objects begin with another.
    package static func canBegin(with byte: UInt8) -> Bool {
        gzip.canBegin(with: byte) || zstd.canBegin(with: byte)
    }

    /// Whether a member or frame can begin with `byte`.
    func canBegin(with byte: UInt8) -> Bool {
        switch self {
        case .gzip: byte == Self.gzipMagic[0]
        case .zstd: byte == Self.zstdMagic[0] || byte & 0xF0 == 0x50
        }
    }

    /// The name in messages.
    package var name: String { self == .gzip ? "gzip" : "zstd" }
}

/// An error in compressed bytes.
package struct CodecError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// The bytes end in the middle of a member or frame.
        case truncated
        /// The bytes are malformed, or a checksum does not match; the text is the library's.
        case corrupt(String)
        /// A whole member or frame is followed by something that is neither another one nor zeros.
        case trailingGarbage
    }

    package let format: CompressedFormat
    package let kind: Kind

    package init(_ format: CompressedFormat, _ kind: Kind) {
        self.format = format
        self.kind = kind
    }

    package var description: String {
        switch kind {
        case .truncated: "\(format.name): the data ends too early"
        case .corrupt(let reason): "\(format.name): \(reason)"
        case .trailingGarbage: "\(format.name): unexpected data after the compressed data"
        }
    }
}
