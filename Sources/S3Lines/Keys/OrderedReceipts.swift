import ByteIO

/// Brings receipts into the order in which they were expected, whatever the order of the answers. A plain state machine.
package struct OrderedReceipts<Receipt> {
    private enum Entry {
        case awaited
        case confirmed(Receipt)
        case failed
    }

    private var entries = Queue<Entry>()
    /// The number of the first entry.
    private var firstNumber = 0

    package init() {}

    /// How many have no outcome yet, or one that waits for another.
    package var count: Int { entries.count }

    /// A receipt is to come.
    ///
    /// - Returns: its number.
    package mutating func expect() -> Int {
        entries.append(.awaited)
        return firstNumber + count - 1
    }

    /// It is here.
    package mutating func confirmed(_ number: Int, _ receipt: Receipt) {
        entries[number - firstNumber] = .confirmed(receipt)
    }

    /// There will be none, and none waits for it.
    package mutating func failed(_ number: Int) { entries[number - firstNumber] = .failed }

    /// The next receipt that is due, if there is one.
    package mutating func next() -> Receipt? {
        while let entry = entries.first {
            if case .awaited = entry { return nil }
            _ = entries.popFirst()
            firstNumber += 1
            if case .confirmed(let receipt) = entry { return receipt }
        }
        return nil
    }
}
