import ByteIO

/// What a path leads to in a JSON text.
package struct FieldValue: Equatable, Sendable {
    /// The value's type, `missing` if the path leads nowhere.
    package enum Kind: Equatable, Sendable {
        case missing, null, `true`, `false`, number, string, object, array
    }

    /// The value's type.
    package var kind: Kind
    /// Its bytes in the text: of a string those between the quotes, of an object or array nothing.
    package var range = 0..<0
    /// True for a string that holds a backslash, so that its bytes are not its text.
    package var hasEscapes = false

    static let missing = FieldValue(kind: .missing)
}

/// Finds the values of some paths in one JSON text after the other, all of them in one walk over the text.
///
/// The walk checks RFC 8259's whole grammar but for one thing: bytes of strings above 0x7F are not looked
/// at, anyone who uses one as text has to. So a broken or truncated text is an error wherever it is broken
/// and never gives a value; and since the walk goes to the text's end, the last of duplicate members
/// counts.
///
/// Texts of one stream mostly have the same members in the same order. The names that an object on a path
/// had in the text before are therefore guessed and verified by a comparison; only where that fails is
/// the name's end searched for and the name looked up.
package struct FieldLookup: ~Copyable {
    /// A text that is not JSON.
    package struct Malformed: Error, Equatable, Sendable {
        /// Where it stops being JSON, in bytes from its start.
        package let offset: Int
        /// What RFC 8259 wants there.
        package let expected: Expected

        package init(offset: Int, expected: Expected) {
            self.offset = offset
            self.expected = expected
        }
    }

    /// What the grammar allows at some place, in words for messages.
    package enum Expected: String, Sendable {
        case value = "a value"
        case end = "the end of the line"
        case name = "a member name"
        case nameOrEnd = "a member name or '}'"
        case colon = "':'"
        case commaOrBrace = "',' or '}'"
        case commaOrBracket = "',' or ']'"
        case digit = "a digit"
        case quote = "the string's closing quote"
        case escape = "one of JSON's escapes"
        case noControl = "no control character in a string"
    }

    /// No path leads here.
    static let nowhere = -1

    /// An object or array that the walk is in.
    private struct Level {
        /// The tree's node for it, or `nowhere`.
        var node = nowhere
        var isObject = false
        /// How many members or elements came before the present one.
        var ordinal = 0
    }

    /// A value, and in which text.
    private struct Finding {
        var generation = 0
        var kind = JSONToken.Kind.null
        var start = 0
        var end = 0
    }

    private let tree: FieldLookupTree
    /// For each node what was found there last.
    private var findings: [Finding]
    /// The number of the text that is looked at, from 1.
    private var generation = 0
    private var guesses: FieldNameGuesses
    /// The objects and arrays around the innermost one, which `find` holds itself.
    private var outer: [Level] = []
    private var unescapedName = ByteBuffer()

    package init(_ paths: [FieldPath]) {
        tree = FieldLookupTree(paths)
        findings = Array(repeating: Finding(), count: tree.count)
        guesses = FieldNameGuesses(nodes: tree.count)
        outer.reserveCapacity(32)
    }

    /// What the path of this number led to in the text given to `find` last.
    package func value(_ path: Int) -> FieldValue {
        let finding = findings[tree.targets[path]]
        return finding.generation == generation ? finding.kind.value(finding.start..<finding.end) : .missing
    }

    /// Looks up all paths in `text`, one value with nothing but white space around it.
    package mutating func find(in text: RawSpan) throws(Malformed) {
        begin()
        var level = Level()
        var node = 0
        var offset = 0
        var byte = JSONToken.next(text, &offset)
        while true {
            // At a value.
            var isInside = false
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let opening = byte
                let isObject = opening == UInt8(ascii: "{")
                if node != Self.nowhere { set(node, isObject ? .object : .array, 0, 0) }
                outer.append(level)
                let leadsOn = node != Self.nowhere && tree.hasChildren(node)
                level = Level(node: leadsOn ? node : Self.nowhere, isObject: isObject)
                offset += 1
                byte = JSONToken.next(text, &offset)
                isInside = byte != opening + 2
            } else {
                let start = offset
                let kind = try JSONToken.scalar(text, byte, &offset)
                if node != Self.nowhere { set(node, kind, start, offset) }
                byte = JSONToken.next(text, &offset)
            }
            if !isInside {
                // After a value, or inside an empty one: up through all that ends here.
                while !outer.isEmpty, byte == (level.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    level = outer.removeLast()
                    offset += 1
                    byte = JSONToken.next(text, &offset)
                }
                guard !outer.isEmpty else {
                    guard offset == text.byteCount else { throw Malformed(offset: offset, expected: .end) }
                    return
                }
                guard byte == UInt8(ascii: ",") else {
                    throw Malformed(
                        offset: offset, expected: level.isObject ? .commaOrBrace : .commaOrBracket)
                }
                level.ordinal += 1
                offset += 1
                byte = JSONToken.next(text, &offset)
            }
            // At a member's name or an element.
            guard level.isObject else {
                let isWanted = level.node != Self.nowhere
                node = isWanted ? tree.child(of: level.node, at: level.ordinal) : Self.nowhere
                continue
            }
            guard byte == UInt8(ascii: "\"") else {
                throw Malformed(offset: offset, expected: level.ordinal == 0 ? .nameOrEnd : .name)
            }
            offset += 1
            if level.node == Self.nowhere {
                _ = try JSONToken.string(text, &offset)
                node = Self.nowhere
            } else if let guess = guesses.match(level.node, level.ordinal, text, offset) {
                offset += guess.length
                node = guess.child
            } else {
                node = try lookUpName(level, text, &offset)
            }
            guard JSONToken.next(text, &offset) == UInt8(ascii: ":") else {
                throw Malformed(offset: offset, expected: .colon)
            }
            offset += 1
            byte = JSONToken.next(text, &offset)
        }
    }

    /// Goes from a name's first byte past its closing quote.
    ///
    /// - Returns: the node of the member's value.
    private mutating func lookUpName(
        _ level: Level, _ text: RawSpan, _ offset: inout Int
    ) throws(Malformed) -> Int {
        let start = offset
        let hasEscapes = try JSONToken.string(text, &offset)
        let name = text.extracting(start..<offset - 1)
        if hasEscapes {
            unescapedName.removeAll()
            do {
                try JSONStringText.unescape(name, into: &unescapedName)
            } catch {
                // A surrogate alone: JSON, but no name that a path, which is UTF-8, can give.
                return Self.nowhere
            }
            return tree.child(of: level.node, named: unescapedName.bytes)
        }
        let child = tree.child(of: level.node, named: name)
        guesses.remember(level.node, level.ordinal, text.extracting(start..<offset), child)
        return child
    }

    /// Forgets all values.
    private mutating func begin() {
        generation += 1
        if !outer.isEmpty { outer.removeAll(keepingCapacity: true) }
    }

    /// Notes a value.
    @inline(__always)
    private mutating func set(_ node: Int, _ kind: JSONToken.Kind, _ start: Int, _ end: Int) {
        if findings[node].generation == generation {
            // A duplicate: what was found below the earlier one no longer counts.
            for descendant in tree.subtree(node) { findings[descendant].generation = 0 }
        }
        findings[node] = Finding(generation: generation, kind: kind, start: start, end: end)
    }
}
