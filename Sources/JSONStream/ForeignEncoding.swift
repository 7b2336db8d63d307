/// The format of an input that is not UTF-8 JSON, detected by its first bytes.
package enum ForeignEncoding: String, Sendable {
    case gzip, zstd, bzip2, xz
    case utf16 = "UTF-16"
    case utf16LE = "UTF-16LE"
    case utf16BE = "UTF-16BE"
    case utf32 = "UTF-32"
    case utf32LE = "UTF-32LE"
    case utf32BE = "UTF-32BE"

    /// The number of bytes needed to detect every format.
    static let longestMark = 6
    /// Such an input is found to be invalid JSON at this offset or before it.
    static let lastPlace = 3

    /// The magic numbers, longer ones before their prefixes. Sources: RFC 1952, RFC 8878, the formats of
    /// bzip2 and xz; Unicode, section 23.8.
    private static let marks: [(ForeignEncoding, [UInt8])] = [
        (.utf32, [0xFF, 0xFE, 0x00, 0x00]), (.utf32, [0x00, 0x00, 0xFE, 0xFF]),
        (.utf16, [0xFF, 0xFE]), (.utf16, [0xFE, 0xFF]),
        (.gzip, [0x1F, 0x8B]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.bzip2, [0x42, 0x5A, 0x68]),
        (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
    ]

    /// - Parameter head: the first `longestMark` bytes of the input, or all of them if it is shorter.
    init?(_ head: [UInt8]) {
        if let (encoding, _) = Self.marks.first(where: { head.starts(with: $0.1) }) {
            self = encoding
            return
        }
        // JSON starts with ASCII characters: their zero bytes show the order and width of UTF-16 and UTF-32.
        switch head.prefix(4).map({ $0 == 0 }) {
        case [true, true, true, false]: self = .utf32BE
        case [false, true, true, true]: self = .utf32LE
        case [true, false, true, false], [true, false]: self = .utf16BE
        case [false, true, false, true], [false, true]: self = .utf16LE
        default: return nil
        }
    }

    /// Whether `byte` may be the first invalid byte of such an input.
    static func mayShow(_ byte: UInt8) -> Bool { [0x00, 0x1F, 0x28, 0x42, 0xFD, 0xFE, 0xFF].contains(byte) }
}

extension ForeignEncoding: CustomStringConvertible {
    /// The format, and how to convert it.
    package var description: String {
        switch self {
        case .gzip, .zstd, .bzip2, .xz:
            "\(rawValue) data; decompress it first: \(rawValue) -dc FILE | json-sep"
        default: "\(rawValue) text; convert it first: iconv -f \(rawValue) -t UTF-8 FILE | json-sep"
        }
    }
}
