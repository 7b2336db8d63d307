/// Decides whether more input may be read within `--memory`. A plain state machine.
package struct PutMemory: Equatable, Sendable {
    /// What to do about the input.
    package enum Admission: Equatable, Sendable {
        case read
        /// A request or queued output will free memory.
        case wait
        /// Nothing is in progress: the open objects themselves fill the memory.
        case relieve
    }

    private let limit: Int
    /// Bytes in use by buffers and their overhead.
    package private(set) var used = 0

    /// - Parameter limit: the bytes of `--memory`.
    package init(limit: Int) { self.limit = limit }

    /// Adds bytes in use; a negative count frees them.
    package mutating func change(by bytes: Int) { used += bytes }

    /// Whether the next read could exceed the limit; see `admission` for the parameters.
    package func isFull(queued: Int, headroom: Int) -> Bool { used + queued + headroom > limit }

    /// - Parameters:
    ///   - pending: unfinished requests.
    ///   - most: the maximum number of them to keep ready; more would only use memory.
    ///   - queued: bytes of receipts that are not written to standard output yet.
    ///   - headroom: the most bytes by which the next read can grow the buffers.
    package func admission(pending: Int, most: Int, queued: Int, headroom: Int) -> Admission {
        if pending >= most { return .wait }
        if !isFull(queued: queued, headroom: headroom) { return .read }
        return pending > 0 || queued > 0 ? .wait : .relieve
    }
}
