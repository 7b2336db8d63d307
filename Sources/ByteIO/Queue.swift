/// A first-in, first-out queue. Appending and removing the first element take amortized constant time.
package struct Queue<Element> {
    private var entries: [Element?] = []
    /// The index of the first element; those before it were removed.
    private var head = 0

    package init() {}

    package var count: Int { entries.count - head }
    package var isEmpty: Bool { head == entries.count }
    package var first: Element? { isEmpty ? nil : entries[head] }
    /// All elements, in order.
    package var elements: [Element] { entries[head...].compactMap { $0 } }

    /// The element at `offset` from the first; `offset` must be valid.
    package subscript(offset: Int) -> Element {
        get {
            guard let element = entries[head + offset] else { preconditionFailure("it was taken") }
            return element
        }
        set {
            precondition(offset >= 0)
            entries[head + offset] = newValue
        }
    }

    package mutating func append(_ element: Element) { entries.append(element) }

    /// Removes and returns the first element, if there is one.
    package mutating func popFirst() -> Element? {
        guard head < entries.count, let element = entries[head].take() else { return nil }
        head += 1
        // More than half of the array is unused.
        if head > 64, 2 * head > entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return element
    }

    package mutating func removeAll() {
        entries.removeAll()
        head = 0
    }
}

extension Queue: Sendable where Element: Sendable {}
