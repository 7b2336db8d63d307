import ByteIO

/// Objects whose bytes are on their way to standard output. One is done when its last byte was written there, not when
/// it was handed over: what a reader that has gone did not take must not be called done. A plain state machine: places
/// in the output in, objects out, in the order in which they end.
package struct Delivery<Object> {
    private var waiting = Queue<(end: Int, object: Object)>()

    package init() {}

    /// How many objects were handed over and are not known to be written.
    package var count: Int { waiting.count }

    /// All of an object was handed over.
    ///
    /// - Parameter end: how many bytes were handed over in all up to then; it never becomes less.
    package mutating func handedOver(_ object: Object, end: Int) { waiting.append((end, object)) }

    /// The next object that is done.
    ///
    /// - Parameter written: how many bytes the system has taken in all.
    package mutating func next(written: Int) -> Object? {
        guard let first = waiting.first, first.end <= written else { return nil }
        return waiting.popFirst()?.object
    }
}

extension Delivery: Sendable where Object: Sendable {}
