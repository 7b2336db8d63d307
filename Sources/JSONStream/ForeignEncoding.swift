/// What an input is in that is no JSON text in UTF-8, as its first bytes tell.
package enum ForeignEncoding: String, Sendable {
    case gzip, zstd, bzip2, xz
    case utf16 = "UTF-16"
    case utf16LE = "UTF-16LE"
    case utf16BE = "UTF-16BE"
    case utf32 = "UTF-32"
    case utf32LE = "UTF-32LE"
    case utf32BE = "UTF-32BE"

    /// As many bytes as tell each of them.
    static let longestMark = 6
    /// At this byte of the input or before it, such an input is found to be no JSON.
    static let lastPlace = 3

    /// What first bytes say, longer ones before those that they begin with. Sources: RFC 1952, RFC 8878, bzip2's and
    /// xz's formats; Unicode, section 23.8.
    private static let marks: [(ForeignEncoding, [UInt8])] = [
        (.utf32, [0xFF, 0xFE, 0x00, 0x00]), (.utf32, [0x00, 0x00, 0xFE, 0xFF]),
        (.utf16, [0xFF, 0xFE]), (.utf16, [0xFE, 0xFF]),
        (.gzip, [0x1F, 0x8B]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.bzip2, [0x42, 0x5A, 0x68]),
        (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
    ]

    /// - Parameter head: the input's first bytes, `longestMark` of them if it has as many.
    init?(_ head: [UInt8]) {
        if let (encoding, _) = Self.marks.first(where: { head.starts(with: $0.1) }) {
            self = encoding
            return
        }
        // JSON begins with characters of ASCII: their zeros tell where the other bytes of them are.
        switch head.prefix(4).map({ $0 == 0 }) {
        case [true, true, true, false]: self = .utf32BE
        case [false, true, true, true]: self = .utf32LE
        case [true, false, true, false], [true, false]: self = .utf16BE
        case [false, true, false, true], [false, true]: self = .utf16LE
        default: return nil
        }
    }

    /// True if `byte` stands where no JSON allows it and such an input may have it.
    static func mayShow(_ byte: UInt8) -> Bool { [0x00, 0x1F, 0x28, 0x42, 0xFD, 0xFE, 0xFF].contains(byte) }
}

extension ForeignEncoding: CustomStringConvertible {
    /// What it is, and what to do.
    package var description: String {
        switch self {
        case .gzip, .zstd, .bzip2, .xz:
            "\(rawValue) data; decompress it first: \(rawValue) -dc FILE | json-sep"
        default: "\(rawValue) text; convert it first: iconv -f \(rawValue) -t UTF-8 FILE | json-sep"
        }
    }
}
