/// The open arrays and objects at a position in a JSON text, one bit each. Nesting needs no recursion and one
/// byte per eight levels.
struct ContainerStack: Sendable {
    /// The number of bits in use, including the first `dropped` bits of containers that no longer count.
    private var top = 0
    private var dropped = 0
    /// Bit 0 of the first word is the outermost container; a set bit is an object.
    private var words: [UInt64] = []

    /// The number of open containers.
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

    /// Removes the outermost `count` containers, which stay open in the text.
    mutating func dropOutermost(_ count: Int) {
        dropped += count
        let unused = dropped / 64
        // Amortized: words are moved only after as many were dropped.
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
