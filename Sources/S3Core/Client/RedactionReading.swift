import ByteIO
import Digest

/// A text with up to `deepest` layers of percent-encoding, XML entities and JSON escapes decoded. Each byte
/// keeps its position in the original text.
struct RedactionReading {
    private let bytes: [UInt8]
    /// The original range of each byte; nil if nothing was decoded.
    private let sources: [Range<Int>]?
    private let depth: Int

    private static let deepest = 4

    /// A text with nothing decoded.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        sources = nil
        depth = 0
    }

    private init(_ bytes: [UInt8], sources: [Range<Int>], depth: Int) {
        self.bytes = bytes
        self.sources = sources
        self.depth = depth
    }

    /// The range in the original text that the bytes of `range` were decoded from.
    func source(_ range: Range<Int>) -> Range<Int> {
        guard let sources else { return range }
        return sources[range.lowerBound].lowerBound..<sources[range.upperBound - 1].upperBound
    }

    // MARK: searching

    static func first(_ wanted: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let head = wanted.first, bytes.count >= wanted.count else { return nil }
        var index = bytes.startIndex
        while index <= bytes.endIndex - wanted.count {
            if bytes[index] == head, bytes[index...].starts(with: wanted) { return index }
            index += 1
        }
        return nil
    }

    /// The ranges of `wanted` in the original text.
    func places(of wanted: [UInt8]) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var rest = bytes[...]
        while let start = Self.first(wanted, in: rest) {
            places.append(source(start..<start + wanted.count))
            rest = rest[(start + wanted.count)...]
        }
        return places
    }

    /// The ranges in the original text of hexadecimal digits after `name`. `name` is lower case and matches
    /// in any case.
    func hexadecimal(after name: [UInt8]) -> [Range<Int>] {
        let lower = bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        var places: [Range<Int>] = []
        var rest = lower[...]
        while let start = Self.first(name, in: rest) {
            rest = rest[(start + name.count)...]
            let digits = rest.prefix { Hexadecimal.value($0) != nil }
            if !digits.isEmpty { places.append(source(digits.startIndex..<digits.endIndex)) }
        }
        return places
    }

    /// Runs of base64 in either alphabet, with line breaks and padding.
    var base64Runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            guard Base64.digitValue(bytes[index]) != nil else {
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, Base64.digitValue(bytes[index]) != nil || Self.endsLine(bytes[index]) {
                index += 1
            }
            while Self.endsLine(bytes[index - 1]) { index -= 1 }
            runs.append(start..<index + bytes[index...].prefix(2).prefix { $0 == UInt8(ascii: "=") }.count)
            index = runs[runs.count - 1].upperBound
        }
        return runs
    }

    private static func endsLine(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// The digits of a run, without padding and line breaks.
    func base64Digits(_ run: Range<Int>) -> [UInt8] { bytes[run].filter { Base64.digitValue($0) != nil } }

    // MARK: decoding

    /// The text with one more layer decoded; nil if there is none.
    var decoded: RedactionReading? {
        guard depth < Self.deepest,
            bytes.contains(where: { [UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "\\")].contains($0) })
        else { return nil }
        var plain: [UInt8] = []
        var origins: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            let (byte, length) = Self.unescaped(bytes[index...])
            plain.append(byte)
            origins.append(source(index..<index + length))
            index += length
        }
        guard plain.count < bytes.count else { return nil }
        return RedactionReading(plain, sources: origins, depth: depth + 1)
    }

    /// The first decoded byte of `text`, and the number of bytes that encode it.
    ///
    /// Escapes of non-ASCII characters are left as they are: no secret contains one.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> (UInt8, length: Int) {
        let first = text[text.startIndex]
        let rest = text.dropFirst()
        switch first {
        case UInt8(ascii: "%"):
            if let byte = hexadecimal(rest.prefix(2), digits: 2) { return (byte, 3) }
        case UInt8(ascii: "&"):
            guard let end = rest.prefix(longestEntity).firstIndex(of: UInt8(ascii: ";")) else { break }
            if let byte = entity(rest[..<end]) { return (byte, end - text.startIndex + 1) }
        case UInt8(ascii: "\\"): return escape(rest)
        default: break
        }
        return (first, 1)
    }

    private static let longestEntity = 12

    private static func hexadecimal(_ text: ArraySlice<UInt8>, digits: Int) -> UInt8? {
        guard text.count == digits else { return nil }
        return number(text, base: 16)
    }

    /// Parses a number that fits in a byte; nil otherwise.
    private static func number(_ text: ArraySlice<UInt8>, base: Int) -> UInt8? {
        var number = 0
        for digit in text {
            guard let value = Hexadecimal.value(digit), value < base else { return nil }
            number = min(number * base + Int(value), 256)
        }
        return text.isEmpty ? nil : UInt8(exactly: number)
    }

    private static let entities: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]

    private static func entity(_ name: ArraySlice<UInt8>) -> UInt8? {
        guard name.first == UInt8(ascii: "#") else {
            return entities[String(decoding: name, as: UTF8.self)].map { UInt8(ascii: $0) }
        }
        let digits = name.dropFirst()
        let isHexadecimal = digits.first.map { $0 | 0x20 } == UInt8(ascii: "x")
        let byte = isHexadecimal ? number(digits.dropFirst(), base: 16) : number(digits, base: 10)
        return byte.flatMap { $0 < 0x80 ? $0 : nil }
    }

    /// Decodes a backslash escape; `rest` is the text after the backslash. Source: RFC 8259, 7. JSON has no
    /// `\x`; other languages do.
    private static func escape(_ rest: ArraySlice<UInt8>) -> (UInt8, length: Int) {
        switch rest.first {
        case UInt8(ascii: "u"):
            if let byte = hexadecimal(rest.dropFirst().prefix(4), digits: 4), byte < 0x80 { return (byte, 6) }
        case UInt8(ascii: "x"):
            if let byte = hexadecimal(rest.dropFirst().prefix(2), digits: 2) { return (byte, 4) }
        case UInt8(ascii: "n"): return (0x0A, 2)
        case UInt8(ascii: "r"): return (0x0D, 2)
        case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            return (rest[rest.startIndex], 2)
        default: break
        }
        return (UInt8(ascii: "\\"), 1)
    }
}
