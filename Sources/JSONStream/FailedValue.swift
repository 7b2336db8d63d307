import ByteIO

/// The state at the failure of an array or object, which saves scanning the values inside it again.
///
/// If an inner value is still open at the failure, scanning it would fail at the same position in the same
/// state, except with fewer containers around it. The scan resumes there instead, so the cost of finding the
/// next value does not depend on how many lines of the failed value start another value.
///
///     {"a":              the failed value
///     [1,                still open at `place`: resumes there, without the outermost container
///     [2],               closed before: scanned like any value
///     [3, x
///         ^place
struct FailedValue: Sendable {
    /// The position of the failure.
    let place: SourcePosition
    /// The state of the scanner after the failure.
    var scanner: JSONScanner
    /// The input offsets up to which the scanner has read and the value's bytes were copied.
    let scanned: Int
    let copied: Int
    /// The containers open at the failure.
    var openers: OpenContainers
    /// Whether the scan of an inner value resumed from here.
    var isResumed = false
}

/// The positions of the containers that are still open after the start of a value. Fed only with bytes that
/// the scanner accepted.
struct OpenContainers: Sendable {
    /// An opening bracket.
    private struct Opener {
        /// Its offset in the input.
        let byte: Int
        /// The number of bytes of the value before it, without white space.
        let compact: Int
    }

    /// From the outermost to the innermost.
    private var openers: ArraySlice<Opener> = []
    private var compact = 0
    /// The number of those bytes that are no longer kept.
    private var droppedCompact = 0
    private var isInString = false
    private var isEscaped = false

    /// Scans `bytes`, which start at the input offset `start`.
    mutating func pass(_ bytes: RawSpan, from start: Int) {
        for offset in 0..<bytes.byteCount {
            let byte = bytes[offset]
            if !isInString, JSONToken.isWhiteSpace(byte) { continue }
            if isInString {
                if byte == UInt8(ascii: "\""), !isEscaped { isInString = false }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            } else {
                passStructure(byte, at: start + offset)
            }
            compact += 1
        }
    }

    private mutating func passStructure(_ byte: UInt8, at place: Int) {
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): openers.append(Opener(byte: place, compact: compact))
        case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = openers.popLast()
        default: break
        }
    }

    /// Removes the containers that opened before `place`.
    ///
    /// - Returns: their number, and the number of bytes before the container that opened at `place`, without
    ///   white space; nil if none opened there.
    mutating func dropOpened(before place: Int) -> (count: Int, compact: Int?) {
        let dropped = openers.prefix { $0.byte < place }.count
        openers = openers.dropFirst(dropped)
        guard let first = openers.first, first.byte == place else { return (dropped, nil) }
        return (dropped, first.compact - droppedCompact)
    }

    /// Excludes the first `count` bytes from the count from now on.
    mutating func dropCompact(_ count: Int) { droppedCompact += count }
}
