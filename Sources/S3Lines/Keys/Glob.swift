/// A shell pattern for keys: `*` matches any text and `?` any character, including `/`; `[a-z]` matches one
/// of these characters and `[!a-z]` any other; a backslash makes the next character literal.
///
/// Characters are UTF-8; an invalid byte counts as one character.
package struct Glob: Equatable, Sendable {
    private enum Token: Equatable {
        case byte(UInt8)
        case anyCharacter
        case anyText
        case set([ClosedRange<UInt32>], isInverted: Bool)
    }

    private let tokens: [Token]

    package init(_ pattern: String) {
        var tokens: [Token] = []
        var rest = pattern.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": if tokens.last != .anyText { tokens.append(.anyText) }
            case "?": tokens.append(.anyCharacter)
            case "[":
                if let set = Self.set(&rest) { tokens.append(set) } else { tokens.append(.byte(0x5B)) }
            case "\\": tokens += (rest.popFirst() ?? scalar).utf8.map { .byte($0) }
            default: tokens += scalar.utf8.map { .byte($0) }
            }
        }
        self.tokens = tokens
    }

    /// Parses a set after its `[`, up to `]`; nil if the `]` is missing, so that it is not a set.
    private static func set(_ text: inout Substring.UnicodeScalarView) -> Token? {
        var rest = text
        let isInverted = rest.first == "!" || rest.first == "^"
        if isInverted { rest.removeFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        // The first character may be `]` itself.
        while let first = rest.popFirst(), first != "]" || ranges.isEmpty {
            let low = first == "\\" ? rest.popFirst() ?? first : first
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest.removeFirst(2)
                high = end == "\\" ? rest.popFirst() ?? end : end
            }
            if low.value <= high.value { ranges.append(low.value...high.value) }
            if rest.isEmpty { return nil }
        }
        guard !ranges.isEmpty else { return nil }
        text = rest
        return .set(ranges, isInverted: isInverted)
    }

    /// The literal text that all matching keys start with.
    package var literalPrefix: [UInt8] {
        var prefix: [UInt8] = []
        for case .byte(let byte) in tokens.prefix(while: { if case .byte = $0 { true } else { false } }) {
            prefix.append(byte)
        }
        return prefix
    }

    /// Whether the pattern matches all of `key`.
    package func matches(_ key: [UInt8]) -> Bool {
        var place = 0
        var token = 0
        // Where to resume if the text after the last `*` does not match: one character later.
        var retry: (token: Int, place: Int)?
        while place < key.count {
            if token < tokens.count {
                if tokens[token] == .anyText {
                    token += 1
                    retry = (token, place)
                    continue
                }
                if let width = Self.width(of: tokens[token], in: key, at: place) {
                    place += width
                    token += 1
                    continue
                }
            }
            guard let last = retry else { return false }
            place = last.place + Self.character(key, last.place).width
            token = last.token
            retry = (token, place)
        }
        return tokens[token...].allSatisfy { $0 == .anyText }
    }

    /// The number of bytes of `key` that the token matches; nil if it does not match.
    private static func width(of token: Token, in key: [UInt8], at place: Int) -> Int? {
        switch token {
        case .byte(let byte): return key[place] == byte ? 1 : nil
        case .anyCharacter: return character(key, place).width
        case .set(let ranges, let isInverted):
            let (value, width) = character(key, place)
            return ranges.contains { $0.contains(value) } != isInverted ? width : nil
        case .anyText: return nil
        }
    }

    private static func character(_ key: [UInt8], _ place: Int) -> (value: UInt32, width: Int) {
        guard key[place] >= 0x80 else { return (UInt32(key[place]), 1) }
        var decoder = UTF8()
        var bytes = key[place..<min(place + 4, key.count)].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&bytes) else { return (UInt32(key[place]), 1) }
        return (scalar.value, UTF8.width(scalar))
    }
}
