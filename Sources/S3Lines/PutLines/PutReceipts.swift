/// What is said of an object once S3 has confirmed it.
package struct PutReceipt: Equatable, Sendable {
    /// Relative to the location, not escaped.
    package let key: [UInt8]
    /// As it came.
    package let etag: [UInt8]
    /// As stored.
    package let bytes: Int
    package let lines: Int

    package init(key: [UInt8], etag: [UInt8], bytes: Int, lines: Int) {
        self.key = key
        self.etag = etag
        self.bytes = bytes
        self.lines = lines
    }
}

/// Brings receipts into the order in which objects were completed, whatever the order of the answers.
package struct PutReceipts {
    private enum Entry {
        case awaited
        case stored(PutReceipt)
        case failed
    }

    private var entries: [Entry] = []
    /// The first entry that was not handed out, and its number.
    private var first = 0
    private var firstNumber = 0

    package init() {}

    /// How many objects have no receipt yet or one that waits for another.
    package var count: Int { entries.count - first }

    /// An object was completed.
    ///
    /// - Returns: its number.
    package mutating func expect() -> Int {
        entries.append(.awaited)
        return firstNumber + count - 1
    }

    /// The object is stored.
    package mutating func stored(_ number: Int, _ receipt: PutReceipt) {
        entries[first + number - firstNumber] = .stored(receipt)
    }

    /// The object is not stored, and nobody waits for it.
    package mutating func failed(_ number: Int) { entries[first + number - firstNumber] = .failed }

    /// The next receipt that is due, if there is one.
    package mutating func next() -> PutReceipt? {
        while first < entries.count {
            guard case .awaited = entries[first] else {
                let entry = entries[first]
                entries[first] = .failed
                first += 1
                firstNumber += 1
                compact()
                if case .stored(let receipt) = entry { return receipt }
                continue
            }
            return nil
        }
        return nil
    }

    /// Each entry is moved at most once for each time one was added.
    private mutating func compact() {
        guard first > 1024, 2 * first > entries.count else { return }
        entries.removeFirst(first)
        first = 0
    }
}
