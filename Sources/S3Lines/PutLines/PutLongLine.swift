import ByteIO

/// Handles a line in pieces, so that memory need not hold all of it. A plain state machine: input bytes in,
/// pieces out.
package struct PutLongLine<Object> {
    /// What to do with the pieces.
    package enum Fate {
        /// They are data of a record of this object.
        case append(Object)
        case reject
        case ignore
    }

    /// The next piece of the line.
    package struct Piece {
        package let fate: Fate
        /// The length of the piece, from the start of the bytes.
        package let count: Int
        /// The bytes to consume, including the line's newline.
        package let used: Int
        package let endsLine: Bool
    }

    private var fate: Fate?

    package init() {}

    package var isUnderWay: Bool { fate != nil }

    /// The object of the line, if it has one.
    package var object: Object? { if case .append(let object) = fate { object } else { nil } }

    /// The length of the escaped key at the start of a line, or nil if the line is not a record.
    package static func keyLength(_ start: RawSpan) -> Int? {
        start.extracting(first: KeySelection.longestEscapedField + 1).firstIndex(of: UInt8(ascii: "\t"))
    }

    package mutating func begin(_ fate: Fate) { self.fate = fate }

    /// Takes the next piece.
    ///
    /// - Parameter isLast: whether the input ends with these bytes.
    /// - Returns: nil if more input is needed.
    package mutating func next(_ bytes: RawSpan, isLast: Bool) -> Piece? {
        guard let fate else { return nil }
        let newline = bytes.firstIndex(of: 0x0A)
        let count = newline ?? bytes.byteCount
        let ends = newline != nil || isLast
        guard count > 0 || ends else { return nil }
        if ends { self.fate = nil }
        return Piece(fate: fate, count: count, used: newline == nil ? count : count + 1, endsLine: ends)
    }

    /// Ends the line early.
    ///
    /// - Returns: the fate of its pieces, or nil if no line was in progress.
    package mutating func end() -> Fate? { fate.take() }
}
