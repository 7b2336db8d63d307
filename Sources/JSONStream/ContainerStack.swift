/// The arrays and objects around a place in a JSON text, one bit each: nesting costs neither calls nor
/// more than a byte for eight levels.
struct ContainerStack: Sendable {
    /// How many containers are open.
    private(set) var depth = 0
    /// Bit 0 of the first word is the outermost container; a set bit is an object.
    private var words: [UInt64] = []

    /// Opens a container.
    mutating func push(isObject: Bool) {
        let (word, bit) = depth.quotientAndRemainder(dividingBy: 64)
        if word == words.count { words.append(0) }
        words[word] = words[word] & ~(1 << UInt64(bit)) | (isObject ? 1 << UInt64(bit) : 0)
        depth += 1
    }

    /// Closes the innermost container; there must be one.
    mutating func pop() { depth -= 1 }

    /// True if the innermost container is an object, false if it is an array or there is none.
    var isInObject: Bool {
        guard depth > 0 else { return false }
        let (word, bit) = (depth - 1).quotientAndRemainder(dividingBy: 64)
        return words[word] >> UInt64(bit) & 1 == 1
    }
}
