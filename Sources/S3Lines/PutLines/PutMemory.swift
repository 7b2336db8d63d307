/// Whether more input may be read: the bound of `--memory`. A plain state machine.
package struct PutMemory: Equatable, Sendable {
    /// What to do about the input.
    package enum Admission: Equatable, Sendable {
        case read
        /// Something is under way whose end makes room.
        case wait
        /// Nothing is under way: the open objects themselves have used it up.
        case relieve
    }

    private let limit: Int
    /// Bytes that buffers and what surrounds them take.
    package private(set) var used = 0

    /// - Parameter limit: the bytes of `--memory`.
    package init(limit: Int) { self.limit = limit }

    /// Takes bytes, or gives them back where negative.
    package mutating func change(by bytes: Int) { used += bytes }

    /// Whether the next read could pass the limit; parameters as of `admission`.
    package func isFull(queued: Int, headroom: Int) -> Bool { used + queued + headroom > limit }

    /// - Parameters:
    ///   - pending: requests that have not ended.
    ///   - most: how many of them are kept ready; more would only take memory.
    ///   - queued: bytes of receipts that stdout's reader has not taken.
    ///   - headroom: the most that the next read can make the buffers grow.
    package func admission(pending: Int, most: Int, queued: Int, headroom: Int) -> Admission {
        if pending >= most { return .wait }
        if !isFull(queued: queued, headroom: headroom) { return .read }
        return pending > 0 || queued > 0 ? .wait : .relieve
    }
}
