import ByteIO

/// Learns which bytes occur at which position of a bucket's keys. It maps keys to numbers and back, so that a
/// key in the middle of a range can be guessed.
///
/// After the prefix that all keys of the range share, a key is read as the digits of a number. The digits of
/// a position are the bytes seen there. Until a carry from that position to the one before is seen (009 to
/// 010), other bytes of the same kind count too: if only the first month has been seen, there are still
/// twelve.
struct KeyAlphabet {
    /// Indexed by the number of `/` before the position, then by the bytes since the last `/`.
    private var places: [[Symbols]] = []
    /// From this position on, every position has wrapped around.
    private var wrapped = Place(depth: .max)

    /// A position is relative to the last `/`, so that names of different lengths do not shift the positions
    /// after them.
    private struct Place {
        var depth = 0
        var offset = 0

        mutating func step(over byte: UInt8) {
            if byte == UInt8(ascii: "/") {
                depth += 1
                offset = 0
            } else {
                offset += 1
            }
        }

        func precedes(_ other: Place) -> Bool {
            depth == other.depth ? offset < other.offset : depth < other.depth
        }

        init(depth: Int = 0) { self.depth = depth }

        init(after key: some Sequence<UInt8>) { for byte in key { step(over: byte) } }
    }

    /// The bytes that occur at a position; each is a digit.
    private struct Symbols {
        var bytes = ByteSet()
        /// Whether a key may end here; the end is the smallest digit.
        var hasEnd = false

        var radix: Int { max(1, bytes.count + (hasEnd ? 1 : 0)) }
        func digit(_ byte: UInt8) -> Int { bytes.rank(byte) + (hasEnd ? 1 : 0) }
        func byte(_ digit: Int) -> UInt8? {
            let rank = digit - (hasEnd ? 1 : 0)
            return rank < 0 ? nil : bytes.member(rank)
        }
    }

    /// One pair of neighbors in this many keys is examined: keys of a page are similar.
    private static let stride = 8

    mutating func learn(_ objects: [ListObjectsV2.Object]) {
        guard let first = objects.first, let last = objects.last else { return }
        insert(first.key)
        insert(last.key)
        var index = 1
        while index < objects.count {
            let key = objects[index].key
            let difference = objects[index - 1].key.commonCount(with: key)
            insert(key)
            var place = Place(after: key.prefix(difference))
            place.offset += 1
            if place.precedes(wrapped) { wrapped = place }
            index += Self.stride
        }
    }

    private mutating func insert(_ key: [UInt8]) {
        var place = Place()
        for byte in key {
            makeRoom(for: place)
            places[place.depth][place.offset].bytes.insert(byte)
            place.step(over: byte)
        }
        makeRoom(for: place)
        places[place.depth][place.offset].hasEnd = true
    }

    private mutating func makeRoom(for place: Place) {
        while places.count <= place.depth { places.append([]) }
        while places[place.depth].count <= place.offset { places[place.depth].append(Symbols()) }
    }

    private func symbols(at place: Place) -> Symbols? {
        guard place.depth < places.count, place.offset < places[place.depth].count else { return nil }
        var symbols = places[place.depth][place.offset]
        if place.precedes(wrapped) { symbols.bytes = symbols.bytes.closure }
        return symbols
    }

    /// True if no greater byte than the one at `index` of `key` has been seen there, but one may occur.
    ///
    /// - Parameter isSure: if true, returns false where all decimal digits have been seen, so that no greater
    ///   byte is expected.
    func isGreatest(in key: [UInt8], at index: Int, isSure: Bool) -> Bool {
        guard let symbols = symbols(at: Place(after: key.prefix(index))) else { return true }
        guard symbols.bytes.rank(key[index]) + 1 >= symbols.bytes.count else { return false }
        return !isSure || !symbols.bytes.hasDigits || symbols.bytes.closure.count > symbols.bytes.count
    }

    /// The information in the digits of `key` from `start` to `end`, in bits.
    func bits(of key: [UInt8], from start: Int, to end: Int) -> Double {
        var place = Place(after: key.prefix(start))
        var bits = 0.0
        for byte in key[min(start, key.count)..<min(end, key.count)] {
            bits += log2(Double(symbols(at: place)?.radix ?? 1))
            place.step(over: byte)
        }
        return bits
    }

    /// The number of a key, in 0..<1, among keys that share their first `base` bytes.
    func number(of key: [UInt8], base: Int) -> Double {
        var number = 0.0
        var unit = 1.0
        var place = Place(after: key.prefix(base))
        for byte in key.dropFirst(base) {
            guard unit > Self.least, let symbols = symbols(at: place) else { break }
            unit /= Double(symbols.radix)
            number += unit * Double(symbols.digit(byte))
            guard symbols.bytes.contains(byte) else { break }
            place.step(over: byte)
        }
        return number
    }

    /// The key of a number: truncated where digits are worth less than `precision`, and valid UTF-8 if
    /// `prefix` is.
    func key(of number: Double, after prefix: ArraySlice<UInt8>, precision: Double) -> [UInt8] {
        var key = [UInt8](prefix)
        var rest = number
        var unit = 1.0
        var place = Place(after: prefix)
        while unit > max(precision, Self.least), let symbols = symbols(at: place) {
            rest *= Double(symbols.radix)
            unit /= Double(symbols.radix)
            let digit = min(symbols.radix - 1, max(0, Int(rest)))
            rest -= Double(digit)
            guard let byte = symbols.byte(digit) else { break }
            key.append(byte)
            place.step(over: byte)
        }
        return key.validUTF8Prefix
    }

    /// The smallest unit that a Double resolves.
    private static let least = 0x1p-50
}

/// A set of bytes.
private struct ByteSet {
    private var words = InlineArray<4, UInt64>(repeating: 0)

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

    var count: Int {
        words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount
            + words[3].nonzeroBitCount
    }

    /// The number of members less than `byte`.
    func rank(_ byte: UInt8) -> Int {
        var rank = 0
        for word in 0..<Int(byte >> 6) { rank += words[word].nonzeroBitCount }
        return rank + (words[Int(byte >> 6)] & (1 << UInt64(byte & 63) - 1)).nonzeroBitCount
    }

    /// The member with `rank` smaller members.
    func member(_ rank: Int) -> UInt8? {
        var left = rank
        for word in 0..<4 {
            var bits = words[word]
            guard left >= bits.nonzeroBitCount else {
                while left > 0 {
                    bits &= bits - 1
                    left -= 1
                }
                return UInt8(word * 64 + bits.trailingZeroBitCount)
            }
            left -= bits.nonzeroBitCount
        }
        return nil
    }

    /// The members and similar bytes: if there is a decimal digit, all decimal digits, and likewise for
    /// hexadecimal ones.
    var closure: ByteSet {
        var closure = self
        guard intersects(Self.decimal) else { return self }
        closure.form(Self.decimal)
        if intersects(Self.lowerHexadecimal) { closure.form(Self.lowerHexadecimal) }
        if intersects(Self.upperHexadecimal) { closure.form(Self.upperHexadecimal) }
        return closure
    }

    var hasDigits: Bool { intersects(Self.decimal) }

    private func intersects(_ other: ByteSet) -> Bool {
        (0..<4).contains { words[$0] & other.words[$0] != 0 }
    }
    private mutating func form(_ other: ByteSet) { for word in 0..<4 { words[word] |= other.words[word] } }

    private static let decimal = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    private static let lowerHexadecimal = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "f"))
    private static let upperHexadecimal = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "F"))

    init() {}
    private init(_ range: ClosedRange<UInt8>) { for byte in range { insert(byte) } }
}

extension [UInt8] {
    /// The length of the common prefix.
    func commonCount(with other: [UInt8]) -> Int {
        let end = Swift.min(count, other.count)
        var index = 0
        while index < end, self[index] == other[index] { index += 1 }
        return index
    }

    /// True if it sorts before `other` in a listing: S3 compares unsigned bytes.
    package func precedes(_ other: [UInt8]) -> Bool {
        let common = commonCount(with: other)
        guard common < count else { return common < other.count }
        return common < other.count && self[common] < other[common]
    }

    /// The longest valid UTF-8 prefix, if only the end is invalid.
    var validUTF8Prefix: [UInt8] {
        guard contains(where: { $0 >= 0x80 }) else { return self }
        var key = self
        while !key.isEmpty, String(validating: key, as: UTF8.self) == nil { key.removeLast() }
        return key
    }
}

extension Unicode.Scalar {
    /// The next scalar that XML allows and a key is likely to contain; nil after the last one.
    fileprivate var next: Unicode.Scalar? {
        switch value {
        case ..<0x20: "\u{20}"
        case 0x7E..<0xA0: "\u{A0}"
        case 0xD7FF: "\u{E000}"
        case 0xFFFD...0xFFFF: "\u{10000}"
        default: Unicode.Scalar(value + 1)
        }
    }
}

extension ArraySlice<UInt8> {
    /// A key greater than all keys with this prefix, which is valid UTF-8 except at its end; nil if there is
    /// none.
    var successor: [UInt8]? {
        var signs = Array(String(decoding: [UInt8](self).validUTF8Prefix, as: UTF8.self).unicodeScalars)
        while let last = signs.popLast() {
            guard let next = last.next else { continue }
            return [UInt8](signs.reduce(into: "") { $0.unicodeScalars.append($1) }.utf8)
                + [UInt8](String(next).utf8)
        }
        return nil
    }
}
