import ByteIO

/// A place in an input, as messages name it.
package struct SourcePosition: Equatable, Sendable {
    /// Bytes before this place.
    package private(set) var byte = 0
    /// The line, counted from 1; lines end at LF.
    package private(set) var line = 1
    /// Where the line starts, in bytes from the input's start.
    private var lineStart = 0

    package init() {}

    /// The column, counted in bytes from 1.
    package var column: Int { byte - lineStart + 1 }

    /// Moves on after `bytes`.
    package mutating func advance(over bytes: RawSpan) {
        let lines = bytes.count(of: 0x0A)
        if lines > 0 {
            var last = bytes.byteCount - 1
            while bytes[last] != 0x0A { last -= 1 }
            lineStart = byte + last + 1
        }
        line += lines
        byte += bytes.byteCount
    }

    /// Moves on after so many whole lines of so many bytes.
    package mutating func advance(lines: Int, bytes: Int) {
        line += lines
        byte += bytes
        lineStart = byte
    }

    /// The place after `bytes`, which start here.
    package func advanced(over bytes: RawSpan) -> SourcePosition {
        var position = self
        position.advance(over: bytes)
        return position
    }
}

extension SourcePosition: CustomStringConvertible {
    /// `LINE:COLUMN (byte N)`.
    package var description: String { "\(line):\(column) (byte \(byte))" }
}
