import ByteIO

/// The names that the members of the objects on a path had in the last texts, in order.
struct FieldNameGuesses {
    /// Members further on and longer names are looked up each time.
    private static let mostNames = 32
    private static let longestName = 32

    private struct Guess {
        /// The number of bytes of the name and its closing quote, 0 for no guess.
        var length = 0
        /// The tree's node that goes with the name.
        var child = 0
        /// The first bytes of name and quote as a number, and which bits of it count.
        var head: UInt64 = 0
        var mask: UInt64 = 0
    }

    /// For each node `mostNames`.
    private var guesses: [Guess]
    /// For each guess `longestName` bytes.
    private var names: [UInt8]

    /// - Parameter nodes: how many nodes the tree has.
    init(nodes: Int) {
        guesses = Array(repeating: Guess(), count: nodes * Self.mostNames)
        names = Array(repeating: 0, count: guesses.count * Self.longestName)
    }

    /// Verifies the guess for a member of the object at `node`: its number there, and where its name starts.
    ///
    /// - Returns: the length of name and closing quote, and the node that goes with it; nil if it is another.
    @inline(__always)
    func match(_ node: Int, _ ordinal: Int, _ text: RawSpan, _ offset: Int) -> (length: Int, child: Int)? {
        guard ordinal < Self.mostNames else { return nil }
        let index = node * Self.mostNames + ordinal
        let guess = guesses[index]
        guard guess.length > 0, offset + 8 <= text.byteCount, offset + guess.length <= text.byteCount else {
            return nil
        }
        let head = unsafe text.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
        guard (UInt64(littleEndian: head) ^ guess.head) & guess.mask == 0 else { return nil }
        if guess.length <= 8 { return (guess.length, guess.child) }
        let isSame = unsafe text.withUnsafeBytes { text in
            unsafe names.withUnsafeBytes { names in
                guard let text = text.baseAddress, let names = names.baseAddress else { return false }
                return unsafe memcmp(text + offset, names + index * Self.longestName, guess.length) == 0
            }
        }
        return isSame ? (guess.length, guess.child) : nil
    }

    /// Takes `name`, closing quote included and without escapes, as the next guess.
    mutating func remember(_ node: Int, _ ordinal: Int, _ name: RawSpan, _ child: Int) {
        guard ordinal < Self.mostNames else { return }
        let index = node * Self.mostNames + ordinal
        guard name.byteCount <= Self.longestName else {
            guesses[index].length = 0
            return
        }
        var guess = Guess(length: name.byteCount, child: child)
        for place in 0..<min(8, name.byteCount) {
            guess.head |= UInt64(name[place]) << UInt64(8 * place)
            guess.mask |= 0xFF << UInt64(8 * place)
        }
        guesses[index] = guess
        for place in 0..<name.byteCount { names[index * Self.longestName + place] = name[place] }
    }
}
