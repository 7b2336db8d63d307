import ByteIO

/// The result of looking up a path in a JSON text.
package struct FieldValue: Equatable, Sendable {
    /// The type of the value; `missing` if there is no value at the path.
    package enum Kind: Equatable, Sendable {
        case missing, null, `true`, `false`, number, string, object, array
    }

    /// The value's type.
    package var kind: Kind
    /// Its range in the text: for a string, without the quotes; for an object or array, empty.
    package var range = 0..<0
    /// Whether a string contains a backslash, so that its bytes are not its text.
    package var hasEscapes = false

    static let missing = FieldValue(kind: .missing)
}

/// Looks up several paths in each of a sequence of JSON texts, in one pass per text.
///
/// The pass checks the whole grammar of RFC 8259, as `JSONScanner` does, except that bytes above 0x7F in strings
/// are not validated; callers that use a string as text have to do that. So a malformed or truncated text is
/// always an error and never yields a value. Since the pass reads to the end of the text, the last of duplicate
/// members counts.
///
/// Texts of one stream usually have the same members in the same order. So the names that an object on a path
/// had in the previous text are guessed and verified by a comparison; only if that fails is the name scanned
/// and looked up.
package struct FieldLookup: ~Copyable {
    /// A text that is not JSON, or is nested too deeply.
    package struct Malformed: Error, Equatable, Sendable {
        /// The offset of the first invalid byte.
        package let offset: Int
        /// What RFC 8259, or the limit of nesting, allows there.
        package let expected: JSONSyntaxError.Expectation

        package init(offset: Int, expected: JSONSyntaxError.Expectation) {
            self.offset = offset
            self.expected = expected
        }
    }

    /// The maximum of open objects and arrays: 2.4 MB in `outer`, which keeps its capacity. Source: RFC 8259,
    /// section 9, allows a limit.
    package static let maximumDepth = 100_000

    /// The node of a value that is on no path.
    static let nowhere = -1

    /// An object or array that contains the current position.
    private struct Level {
        /// Its node in the tree, or `nowhere`.
        var node = nowhere
        var isObject = false
        /// The number of members or elements before the current one.
        var ordinal = 0
    }

    /// A value, with the number of its text.
    private struct Finding {
        var generation = 0
        var kind = FieldToken.Kind.null
        var start = 0
        var end = 0
    }

    private let tree: FieldLookupTree
    /// For each node, the last value found.
    private var findings: [Finding]
    /// The number of the current text, from 1.
    private var generation = 0
    private var guesses: FieldNameGuesses
    /// The containers around the innermost one, which `find` keeps itself.
    private var outer: [Level] = []
    private var unescapedName = ByteBuffer()

    package init(_ paths: [FieldPath]) {
        tree = FieldLookupTree(paths)
        findings = Array(repeating: Finding(), count: tree.count)
        guesses = FieldNameGuesses(nodes: tree.count)
        outer.reserveCapacity(32)
    }

    /// The value at the path with this index in the last text given to `find`.
    package func value(_ path: Int) -> FieldValue {
        let finding = findings[tree.targets[path]]
        return finding.generation == generation ? finding.kind.value(finding.start..<finding.end) : .missing
    }

    /// Looks up all paths in `text`, which must be one value with optional white space around it.
    package mutating func find(in text: RawSpan) throws(Malformed) {
        begin()
        var level = Level()
        var node = 0
        var offset = 0
        var byte = FieldToken.next(text, &offset)
        while true {
            // At the start of a value.
            var isInside = false
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let opening = byte
                let isObject = opening == UInt8(ascii: "{")
                if node != Self.nowhere { set(node, isObject ? .object : .array, 0, 0) }
                guard outer.count < Self.maximumDepth else {
                    throw Malformed(offset: offset, expected: .nesting(atMost: Self.maximumDepth))
                }
                outer.append(level)
                let leadsOn = node != Self.nowhere && tree.hasChildren(node)
                level = Level(node: leadsOn ? node : Self.nowhere, isObject: isObject)
                offset += 1
                byte = FieldToken.next(text, &offset)
                isInside = byte != opening + 2
            } else {
                let start = offset
                guard let kind = try FieldToken.scalar(text, byte, &offset) else {
                    throw Malformed(offset: offset, expected: expectedValue(level))
                }
                if node != Self.nowhere { set(node, kind, start, offset) }
                byte = FieldToken.next(text, &offset)
            }
            if !isInside {
                // After a value, or in an empty container: close all containers that end here.
                while !outer.isEmpty, byte == (level.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    level = outer.removeLast()
                    offset += 1
                    byte = FieldToken.next(text, &offset)
                }
                guard !outer.isEmpty else {
                    guard offset == text.byteCount else {
                        throw Malformed(offset: offset, expected: .lineEnd)
                    }
                    return
                }
                guard byte == UInt8(ascii: ",") else {
                    throw Malformed(
                        offset: offset, expected: level.isObject ? .commaOrObjectEnd : .commaOrArrayEnd)
                }
                level.ordinal += 1
                offset += 1
                byte = FieldToken.next(text, &offset)
            }
            // Before a member's name or an element.
            guard level.isObject else {
                let isWanted = level.node != Self.nowhere
                node = isWanted ? tree.child(of: level.node, at: level.ordinal) : Self.nowhere
                continue
            }
            guard byte == UInt8(ascii: "\"") else {
                throw Malformed(
                    offset: offset, expected: level.ordinal == 0 ? .memberNameOrObjectEnd : .memberName)
            }
            offset += 1
            if level.node == Self.nowhere {
                _ = try FieldToken.string(text, &offset)
                node = Self.nowhere
            } else if let guess = guesses.match(level.node, level.ordinal, text, offset) {
                offset += guess.length
                node = guess.child
            } else {
                node = try lookUpName(level, text, &offset)
            }
            guard FieldToken.next(text, &offset) == UInt8(ascii: ":") else {
                throw Malformed(offset: offset, expected: .colon)
            }
            offset += 1
            byte = FieldToken.next(text, &offset)
        }
    }

    /// What is allowed where a value has to start.
    private func expectedValue(_ level: Level) -> JSONSyntaxError.Expectation {
        if outer.isEmpty { return .text }
        return level.isObject || level.ordinal > 0 ? .value : .valueOrArrayEnd
    }

    /// Scans a name from its first byte to its closing quote.
    ///
    /// - Returns: the node of the member's value.
    private mutating func lookUpName(
        _ level: Level, _ text: RawSpan, _ offset: inout Int
    ) throws(Malformed) -> Int {
        let start = offset
        let hasEscapes = try FieldToken.string(text, &offset)
        let name = text.extracting(start..<offset - 1)
        if hasEscapes {
            unescapedName.removeAll()
            do {
                try JSONStringText.unescape(name, into: &unescapedName)
            } catch {
                // A lone surrogate is valid JSON, but no path can name it, because paths are UTF-8.
                return Self.nowhere
            }
            return tree.child(of: level.node, named: unescapedName.bytes)
        }
        let child = tree.child(of: level.node, named: name)
        guesses.remember(level.node, level.ordinal, text.extracting(start..<offset), child)
        return child
    }

    /// Discards all values.
    private mutating func begin() {
        generation += 1
        if !outer.isEmpty { outer.removeAll(keepingCapacity: true) }
    }

    /// Stores a value.
    @inline(__always)
    private mutating func set(_ node: Int, _ kind: FieldToken.Kind, _ start: Int, _ end: Int) {
        if findings[node].generation == generation {
            // A duplicate member: the values found inside the earlier one no longer count.
            for descendant in tree.subtree(node) { findings[descendant].generation = 0 }
        }
        findings[node] = Finding(generation: generation, kind: kind, start: start, end: end)
    }
}
