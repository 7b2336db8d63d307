import ByteIO

/// A position in an input, for messages.
package struct SourcePosition: Equatable, Sendable {
    /// The number of bytes before the position.
    package private(set) var byte = 0
    /// The line, from 1; lines end at LF.
    package private(set) var line = 1
    /// The offset of the start of the line, in bytes.
    private var lineStart = 0

    package init() {}

    /// The column in bytes, from 1.
    package var column: Int { byte - lineStart + 1 }

    /// Moves past `bytes`.
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

    /// Moves past this many complete lines with this many bytes.
    package mutating func advance(lines: Int, bytes: Int) {
        line += lines
        byte += bytes
        lineStart = byte
    }

    /// The position after `bytes`, which start here.
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
