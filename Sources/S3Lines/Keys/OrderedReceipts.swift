import ByteIO

/// Puts receipts into the order in which they were expected, for responses in any order. A plain state
/// machine.
package struct OrderedReceipts<Receipt> {
    private enum Entry {
        case awaited
        case confirmed(Receipt)
        case failed
    }

    private var entries = Queue<Entry>()
    /// The number of the first entry.
    private var firstNumber = 0
    /// Whether a receipt before the next one did not come.
    package private(set) var hasGap = false

    package init() {}

    /// The number of receipts that are missing or wait for earlier ones.
    package var count: Int { entries.count }

    /// Reserves the place of a receipt.
    ///
    /// - Returns: its number.
    package mutating func expect() -> Int {
        entries.append(.awaited)
        return firstNumber + count - 1
    }

    /// Stores a receipt in its place.
    package mutating func confirmed(_ number: Int, _ receipt: Receipt) {
        entries[number - firstNumber] = .confirmed(receipt)
    }

    /// Records that this receipt will not come, so that later ones do not wait for it.
    package mutating func failed(_ number: Int) { entries[number - firstNumber] = .failed }

    /// The next receipt that is due, if any.
    ///
    /// - Parameter passingOver: whether to skip those without an outcome, because they will not get one.
    package mutating func next(passingOver: Bool = false) -> Receipt? {
        while let entry = entries.first {
            if case .awaited = entry, !passingOver { return nil }
            _ = entries.popFirst()
            firstNumber += 1
            if case .confirmed(let receipt) = entry { return receipt }
            hasGap = true
        }
        return nil
    }
}
