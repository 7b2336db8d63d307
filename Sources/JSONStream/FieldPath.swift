import ByteIO

/// The path of a value in a JSON text: `.a.b[0]`, `."odd key"`, `.[2].id`, or `.` for the whole text.
///
///     PATH = "." | "." FIRST { "." NAME | "[" INDEX "]" }      FIRST = NAME | "[" INDEX "]"
///
/// A name is a JSON string, or extends to the next of `. [ ] { } " : ? ! | \`, a space or a control
/// character.
package struct FieldPath: Hashable, Sendable {
    /// One step of a path.
    package enum Step: Hashable, Sendable {
        /// The object member with this name, in UTF-8.
        case member([UInt8])
        /// The array element with this index, from 0.
        case element(Int)
    }

    /// From the outermost step to the innermost; empty for the whole text.
    package let steps: [Step]

    package init(_ steps: [Step]) { self.steps = steps }

    /// The default of the nesting limit: a longer path cannot match unless the limit is raised.
    package static let maximumSteps = 1024

    /// Text that is not a path.
    package struct Malformed: Error, Equatable, Sendable {
        /// The offset from the start of the parsed text, in bytes.
        package let offset: Int
        /// The reason, as the end of a sentence.
        package let reason: String
    }

    /// Parses the path at the start of `text`.
    ///
    /// - Parameter count: set to the length of the path in bytes.
    package init(prefixOf text: [UInt8], count: inout Int) throws(Malformed) {
        var parser = Parser(text: text)
        steps = try parser.path()
        count = parser.offset
    }

    private struct Parser {
        let text: [UInt8]
        var offset = 0

        private var next: UInt8? { offset < text.count ? text[offset] : nil }

        private mutating func accept(_ character: Unicode.Scalar) -> Bool {
            guard next == UInt8(ascii: character) else { return false }
            offset += 1
            return true
        }

        mutating func path() throws(Malformed) -> [Step] {
            guard accept(".") else { throw Malformed(offset: offset, reason: "a path must start with '.'") }
            var steps: [Step] = []
            if let byte = next, byte == UInt8(ascii: "\"") || !Self.endsName(byte) {
                steps.append(.member(try name()))
            } else if next == UInt8(ascii: ".") {
                throw missingName
            }
            while true {
                guard steps.count <= FieldPath.maximumSteps else {
                    throw Malformed(
                        offset: offset,
                        reason: "a path has at most \(FieldPath.maximumSteps) names and indices")
                }
                if accept("[") {
                    steps.append(.element(try index()))
                } else if accept(".") {
                    steps.append(.member(try name()))
                } else {
                    return steps
                }
            }
        }

        private var missingName: Malformed { Malformed(offset: offset, reason: "expected a name") }

        private mutating func name() throws(Malformed) -> [UInt8] {
            if next == UInt8(ascii: "\"") { return try quotedName() }
            let start = offset
            while let byte = next, !Self.endsName(byte) { offset += 1 }
            guard offset > start else { throw missingName }
            return Array(text[start..<offset])
        }

        private mutating func quotedName() throws(Malformed) -> [UInt8] {
            let start = offset + 1
            offset = start
            while let byte = next, byte != UInt8(ascii: "\"") {
                offset += byte == UInt8(ascii: "\\") ? 2 : 1
            }
            guard offset < text.count else {
                throw Malformed(offset: start - 1, reason: "the quoted name is not closed")
            }
            let quoted = Array(text[start..<offset])
            offset += 1
            var name = ByteBuffer()
            do {
                try JSONStringText.unescape(quoted.bytes, into: &name)
            } catch {
                throw Malformed(offset: start + error.offset, reason: error.reason)
            }
            return name.bytes.array
        }

        private mutating func index() throws(Malformed) -> Int {
            let start = offset
            while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
            let digits = String(decoding: text[start..<offset], as: UTF8.self)
            guard let index = Int(digits) else {
                throw Malformed(offset: start, reason: "expected an index, counted from 0")
            }
            guard accept("]") else { throw Malformed(offset: offset, reason: "expected ']'") }
            return index
        }

        private static func endsName(_ byte: UInt8) -> Bool {
            switch byte {
            case 0...0x20, 0x7F: true
            case UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                UInt8(ascii: "}"),
                UInt8(ascii: "\""), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "!"),
                UInt8(ascii: "|"),
                UInt8(ascii: "\\"):
                true
            default: false
            }
        }
    }
}
