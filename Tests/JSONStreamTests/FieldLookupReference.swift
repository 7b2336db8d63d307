/// A JSON value with its position, parsed by simple recursion: the reference for lookups.
indirect enum ReferenceValue {
    case scalar(Range<Int>)
    case object([(name: [UInt8], value: ReferenceValue)])
    case array([ReferenceValue])

    /// Nil if `text` is not JSON.
    init?(_ text: [UInt8]) {
        var parser = ReferenceParser(text: text)
        guard let value = parser.value(), parser.isAtEnd() else { return nil }
        self = value
    }

    func member(_ name: String) -> ReferenceValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == [UInt8](name.utf8) }?.value
    }

    func element(_ index: Int) -> ReferenceValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

private struct ReferenceParser {
    let text: [UInt8]
    var offset = 0

    mutating func isAtEnd() -> Bool {
        space()
        return offset == text.count
    }

    private mutating func space() {
        while offset < text.count, [0x20, 9, 10, 13].contains(text[offset]) { offset += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        space()
        guard offset < text.count, text[offset] == UInt8(ascii: byte) else { return false }
        offset += 1
        return true
    }

    mutating func value() -> ReferenceValue? {
        if take("{") { return object() }
        if take("[") { return array() }
        space()
        let start = offset
        if offset < text.count, text[offset] == UInt8(ascii: "\"") {
            return string() == nil ? nil : .scalar(start..<offset)
        }
        while offset < text.count, !Array(" \t\r\n,]}:\"[{".utf8).contains(text[offset]) { offset += 1 }
        return isWord(String(decoding: text[start..<offset], as: UTF8.self)) ? .scalar(start..<offset) : nil
    }

    private func isWord(_ word: String) -> Bool {
        ["true", "false", "null"].contains(word)
            || word.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil
    }

    private mutating func object() -> ReferenceValue? {
        var members: [(name: [UInt8], value: ReferenceValue)] = []
        if take("}") { return .object(members) }
        repeat {
            space()
            guard let name = string(), take(":"), let value = value() else { return nil }
            members.append((name, value))
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array() -> ReferenceValue? {
        var elements: [ReferenceValue] = []
        if take("]") { return .array(elements) }
        repeat {
            guard let value = value() else { return nil }
            elements.append(value)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    /// The text of a string; supports only the escapes that the tests use.
    private mutating func string() -> [UInt8]? {
        guard offset < text.count, text[offset] == UInt8(ascii: "\"") else { return nil }
        offset += 1
        var name: [UInt8] = []
        while offset < text.count {
            let byte = text[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return name
            case ..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard offset < text.count else { return nil }
                let letter = text[offset]
                offset += 1
                if letter == UInt8(ascii: "u") {
                    guard offset + 4 <= text.count,
                        let digits = String(validating: text[offset..<offset + 4], as: UTF8.self),
                        digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16)
                    else { return nil }
                    offset += 4
                    name += unit < 0x80 ? [UInt8(unit)] : [UInt8]("\\u\(digits)".utf8)
                } else {
                    guard Array("\"\\/bfnrt".utf8).contains(letter) else { return nil }
                    name.append(letter)
                }
            default: name.append(byte)
            }
        }
        return nil
    }
}
