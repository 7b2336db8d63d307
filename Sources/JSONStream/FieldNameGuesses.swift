import ByteIO

/// The names of members of objects on a path in previous texts, in order.
struct FieldNameGuesses {
    /// Later members and longer names are always looked up.
    private static let mostNames = 32
    private static let longestName = 32

    private struct Guess {
        /// The length of the name with its closing quote, in bytes; 0 for no guess.
        var length = 0
        /// The node of the member's value.
        var child = 0
        /// The first bytes of the name and quote as a number, and the mask of the bits in use.
        var head: UInt64 = 0
        var mask: UInt64 = 0
    }

    /// `mostNames` per node.
    private var guesses: [Guess]
    /// `longestName` bytes per guess.
    private var names: [UInt8]

    /// - Parameter nodes: the number of nodes in the tree.
    init(nodes: Int) {
        guesses = Array(repeating: Guess(), count: nodes * Self.mostNames)
        names = Array(repeating: 0, count: guesses.count * Self.longestName)
    }

    /// Checks the guess for the member with this ordinal in the object at `node`, whose name starts at
    /// `offset`.
    ///
    /// - Returns: the length of the name with its closing quote, and the node of its value; nil if the guess
    ///   is wrong.
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

    /// Stores `name`, which has no escapes and includes the closing quote, as the next guess.
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
