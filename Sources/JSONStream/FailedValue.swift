import ByteIO

/// What is known of an array or object that failed, so that the values inside it need not be scanned again.
///
/// An inner value that is still open at the place of the failure would bring the scanner to that very place and
/// leave it as it is now, with fewer containers around it. There the scan goes on instead: the search for the next
/// value costs the same however many lines of the failed one begin another.
///
///     {"a":              the failed value
///     [1,                still open at `place`: goes on from there, without the outermost container
///     [2],               closed before: scanned as any value
///     [3, x
///         ^place
struct FailedValue: Sendable {
    /// The place of the failure.
    let place: SourcePosition
    /// The scanner as the failure left it.
    var scanner: JSONScanner
    /// Up to which byte of the input the scanner used it, and up to which the value's bytes were kept.
    let scanned: Int
    let copied: Int
    /// The containers that are open there.
    var openers: OpenContainers
    /// True once the scan of an inner value goes on from here.
    var isResumed = false
}

/// Where the containers opened that are open after the head of a value. Only what the scanner took is passed.
struct OpenContainers: Sendable {
    /// An opening bracket.
    private struct Opener {
        /// Its place, in bytes from the input's start.
        let byte: Int
        /// How many bytes of the value, white space left out, stand before it.
        let compact: Int
    }

    /// From the outermost to the innermost.
    private var openers: ArraySlice<Opener> = []
    private var compact = 0
    /// How many of these are kept no more.
    private var droppedCompact = 0
    private var isInString = false
    private var isEscaped = false

    /// Passes `bytes`, which start at `start` in the input.
    mutating func pass(_ bytes: RawSpan, from start: Int) {
        for offset in 0..<bytes.byteCount {
            let byte = bytes[offset]
            if !isInString, JSONScanner.isWhiteSpace(byte) { continue }
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

    /// Forgets the containers that opened before `place`.
    ///
    /// - Returns: how many they were, and the bytes before the one that opened there, white space left out; nil
    ///   if none did.
    mutating func dropOpened(before place: Int) -> (count: Int, compact: Int?) {
        let dropped = openers.prefix { $0.byte < place }.count
        openers = openers.dropFirst(dropped)
        guard let first = openers.first, first.byte == place else { return (dropped, nil) }
        return (dropped, first.compact - droppedCompact)
    }

    /// Counts from now on without the first `count` bytes.
    mutating func dropCompact(_ count: Int) { droppedCompact += count }
}
