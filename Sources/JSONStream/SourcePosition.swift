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

    /// Moves on behind `bytes`.
    package mutating func advance(over bytes: RawSpan) {
        for index in 0..<bytes.byteCount where bytes[index] == 0x0A {
            line += 1
            lineStart = byte + index + 1
        }
        byte += bytes.byteCount
    }

    /// The place behind `bytes`, which start here.
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
