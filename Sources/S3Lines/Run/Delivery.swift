import ByteIO

/// Objects whose bytes are on their way to standard output. An object is done when its last byte has been
/// written, not when it was queued: bytes that a closed pipe did not take must not count. A plain state
/// machine: output offsets in, objects out in the order of their ends.
package struct Delivery<Object> {
    private var waiting = Queue<(end: Int, object: Object)>()

    package init() {}

    /// The number of objects queued and not known to be written.
    package var count: Int { waiting.count }

    /// Records that all of an object was queued.
    ///
    /// - Parameter end: the total of bytes queued so far; never decreases.
    package mutating func handedOver(_ object: Object, end: Int) { waiting.append((end, object)) }

    /// The next object that is done.
    ///
    /// - Parameter written: the total of bytes that the system has taken.
    package mutating func next(written: Int) -> Object? {
        guard let first = waiting.first, first.end <= written else { return nil }
        return waiting.popFirst()?.object
    }
}

extension Delivery: Sendable where Object: Sendable {}
