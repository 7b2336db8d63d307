import ByteIO

/// Finds the place after an invalid value where the next one probably starts.
///
/// That is the next RS, or the next line that starts with `{` or `[` in its first column; while an input has
/// held scalars only, and did not begin with an invalid array or object, any next line. The
/// search starts at the invalid value's first byte, not at the offending one: a truncated line is often found
/// out only in the line after it.
package struct Resynchronizer: Equatable, Sendable {
    private var isAtLineStart = false
    private let acceptsAnyLine: Bool
    /// True until the first byte was looked at.
    private(set) var isAtStart = true

    /// - Parameter acceptsAnyLine: takes any line for the next value's.
    package init(acceptsAnyLine: Bool) { self.acceptsAnyLine = acceptsAnyLine }

    /// Looks through `bytes`, which follow those of the call before.
    ///
    /// - Returns: how many bytes to skip, and true if a value may start after them.
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
