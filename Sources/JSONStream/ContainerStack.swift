/// The arrays and objects around a place in a JSON text, one bit each: nesting costs neither calls nor
/// more than a byte for eight levels.
struct ContainerStack: Sendable {
    /// How many bits are in use, the first `dropped` of them for containers that count no more.
    private var top = 0
    private var dropped = 0
    /// Bit 0 of the first word is the outermost container; a set bit is an object.
    private var words: [UInt64] = []

    /// How many containers are open.
    var depth: Int { top - dropped }

    /// Opens a container.
    mutating func push(isObject: Bool) {
        let (word, bit) = top.quotientAndRemainder(dividingBy: 64)
        if word == words.count { words.append(0) }
        words[word] = words[word] & ~(1 << UInt64(bit)) | (isObject ? 1 << UInt64(bit) : 0)
        top += 1
    }

    /// Closes the innermost container; there must be one.
    mutating func pop() { top -= 1 }

    /// Forgets the outermost `count` containers, which are open.
    mutating func dropOutermost(_ count: Int) {
        dropped += count
        let unused = dropped / 64
        // Words move only as far as as many were dropped since the last time.
        guard unused > words.count / 2 else { return }
        words.removeFirst(unused)
        top -= 64 * unused
        dropped -= 64 * unused
    }

    /// True if the innermost container is an object, false if it is an array or there is none.
    var isInObject: Bool {
        guard depth > 0 else { return false }
        let (word, bit) = (top - 1).quotientAndRemainder(dividingBy: 64)
        return words[word] >> UInt64(bit) & 1 == 1
    }
}
