/// A first-in, first-out queue. Appending and removing the first element take amortized constant time.
///
/// Public, unlike all else: only what is public and inlinable is compiled for the element's type in other modules, too.
/// Otherwise each call there looks up metadata.
public struct Queue<Element> {
    @usableFromInline var entries: [Element?] = []
    /// The index of the first element; those before it were removed.
    @usableFromInline var head = 0

    /// Makes an empty queue.
    @inlinable public init() {}

    /// The number of elements.
    @inlinable public var count: Int { entries.count - head }
    /// Whether there is no element.
    @inlinable public var isEmpty: Bool { head == entries.count }
    /// The first element, if there is one.
    @inlinable public var first: Element? { isEmpty ? nil : entries[head] }
    /// All elements, in order.
    @inlinable public var elements: [Element] { entries[head...].compactMap { $0 } }

    /// The element at `offset` from the first; `offset` must be valid.
    @inlinable public subscript(offset: Int) -> Element {
        get {
            guard let element = entries[head + offset] else { preconditionFailure("it was taken") }
            return element
        }
        set {
            precondition(offset >= 0)
            entries[head + offset] = newValue
        }
    }

    /// Adds an element at the end.
    @inlinable public mutating func append(_ element: Element) { entries.append(element) }

    /// Adds an element before the first: in constant time if one was taken from there, otherwise in linear time.
    @inlinable public mutating func prepend(_ element: Element) {
        guard head > 0 else { return entries.insert(element, at: 0) }
        head -= 1
        entries[head] = element
    }

    /// Removes and returns the first element, if there is one.
    @inlinable public mutating func popFirst() -> Element? {
        guard head < entries.count, let element = entries[head].take() else { return nil }
        head += 1
        // More than half of the array is unused.
        if head > 64, 2 * head > entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Removes all elements.
    @inlinable public mutating func removeAll() {
        entries.removeAll()
        head = 0
    }
}

extension Queue: Sendable where Element: Sendable {}
