import ByteIO

/// The names that the members of the objects on a path had in the last texts, in order.
struct FieldNameGuesses {
    /// Members further behind and longer names are looked up each time.
    private static let mostNames = 32
    private static let longestName = 32

    private struct Guess {
        /// The number of bytes of the name and its closing quote, 0 for no guess.
        var length = 0
        /// The tree's node that goes with the name.
        var child = 0
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
        guard guess.length > 0, guess.length <= text.byteCount - offset else { return nil }
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
        guesses[index] = Guess(length: name.byteCount, child: child)
        for place in 0..<name.byteCount { names[index * Self.longestName + place] = name[place] }
    }
}
