import ByteIO

/// Finds the probable start of the next value after an invalid one.
///
/// That is the next RS, or the next line that starts with `{` or `[` in its first column. If the input so far
/// contains only scalars and did not start with an invalid array or object, it is the next line. The search
/// starts at the first byte of the invalid value, not at the invalid byte: the error of a truncated line is
/// often detected only in the next line.
package struct Resynchronizer: Equatable, Sendable {
    private var isAtLineStart = false
    private let acceptsAnyLine: Bool
    /// Whether no byte was examined yet.
    private(set) var isAtStart = true

    /// - Parameter acceptsAnyLine: whether a value may start on any line.
    package init(acceptsAnyLine: Bool) { self.acceptsAnyLine = acceptsAnyLine }

    /// Searches `bytes`, which follow those of the previous call.
    ///
    /// - Returns: the number of bytes to skip, and whether a value may start after them.
    package mutating func search(_ bytes: RawSpan) -> (skipped: Int, isFound: Bool) {
        if bytes.byteCount > 0 { isAtStart = false }
        for offset in 0..<bytes.byteCount {
            let byte = bytes[offset]
            switch byte {
            case 0x1E: return (offset, true)
            case UInt8(ascii: "{") where isAtLineStart, UInt8(ascii: "[") where isAtLineStart:
                return (offset, true)
            case _ where isAtLineStart && acceptsAnyLine: return (offset, true)
            default: isAtLineStart = byte == 0x0A
            }
        }
        return (bytes.byteCount, false)
    }
}
