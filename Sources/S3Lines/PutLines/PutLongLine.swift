import ByteIO

/// A line that is taken piece by piece, since memory need not hold all of it. A plain state machine: what was read in,
/// pieces out.
package struct PutLongLine<Object> {
    /// What becomes of the pieces.
    package enum Fate {
        /// They are data of a record of this object.
        case append(Object)
        case reject
        case ignore
    }

    /// The next piece of the line.
    package struct Piece {
        package let fate: Fate
        /// How many of the bytes it is, from the first one on.
        package let count: Int
        /// How many bytes are used up: the line's newline, too.
        package let used: Int
        package let endsLine: Bool
    }

    private var fate: Fate?

    package init() {}

    package var isUnderWay: Bool { fate != nil }

    /// Its object, if it has one.
    package var object: Object? { if case .append(let object) = fate { object } else { nil } }

    /// How many bytes the field of the key has that begins a line, by what was read of it; nil if that is no record.
    package static func keyLength(_ start: RawSpan) -> Int? {
        start.extracting(first: KeySelection.longestEscapedField + 1).firstIndex(of: UInt8(ascii: "\t"))
    }

    package mutating func begin(_ fate: Fate) { self.fate = fate }

    /// Takes what was read of it.
    ///
    /// - Parameter isLast: whether the input has ended with these bytes.
    /// - Returns: nil if more has to be read first.
    package mutating func next(_ bytes: RawSpan, isLast: Bool) -> Piece? {
        guard let fate else { return nil }
        let newline = bytes.firstIndex(of: 0x0A)
        let count = newline ?? bytes.byteCount
        let ends = newline != nil || isLast
        guard count > 0 || ends else { return nil }
        if ends { self.fate = nil }
        return Piece(fate: fate, count: count, used: newline == nil ? count : count + 1, endsLine: ends)
    }

    /// No more of it is taken.
    ///
    /// - Returns: what has become of its pieces, if it was under way.
    package mutating func end() -> Fate? { fate.take() }
}
