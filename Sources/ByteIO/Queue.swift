/// Elements in the order in which they came. Taking the first is constant in time, as is appending: each element
/// is moved at most once for each time that one was appended.
package struct Queue<Element> {
    private var entries: [Element?] = []
    /// Where the first element is; those before it were taken.
    private var head = 0

    package init() {}

    package var count: Int { entries.count - head }
    package var isEmpty: Bool { head == entries.count }
    package var first: Element? { isEmpty ? nil : entries[head] }
    /// All of them, the first one first.
    package var elements: [Element] { entries[head...].compactMap { $0 } }

    /// The element that `offset` others are before, of which there must be that many.
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

    /// Takes the first element, if there is one.
    package mutating func popFirst() -> Element? {
        guard head < entries.count, let element = entries[head].take() else { return nil }
        head += 1
        // Half of it is used up.
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
