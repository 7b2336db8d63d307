/// How many requests may be under way at once: fewer when the service asks to slow down, more again while
/// it answers well. Additive increase, multiplicative decrease, as in TCP (RFC 5681), up to what
/// `ConnectionGrowth` has found.
package struct ConcurrencyWindow: Equatable, Sendable {
    private var growth: ConnectionGrowth
    /// A fraction of one more is carried, so that growth is one a round of answers.
    private var size: Double
    /// Decreases wait for the answers of requests that were sent before the last one.
    private var answersBeforeDecrease = 0

    /// - Parameter connections: how many there are at first, and at most.
    package init(_ connections: ClosedRange<Int>) {
        growth = ConnectionGrowth(connections)
        size = Double(connections.lowerBound)
    }

    /// The number of requests that may be under way, from 1 to the most.
    package var limit: Int { Int(size) }

    package var isNarrowed: Bool { limit < growth.limit }

    /// Requests were sent, as many as there may be or fewer.
    package mutating func sent(isFull: Bool) { growth.sent(isFull: isFull) }

    /// A request was answered well.
    package mutating func succeeded() {
        answersBeforeDecrease = max(0, answersBeforeDecrease - 1)
        let most = Double(growth.limit)
        if size < most { size = min(most, size + 1 / size) }
    }

    /// A call has ended that moved so many bytes, at a time of the monotonic clock in milliseconds.
    ///
    /// - Returns: whether the limit has changed, because of what was moved up to now.
    package mutating func moved(bytes: Int, now: Int) -> Bool {
        guard !isNarrowed, growth.moved(bytes: bytes, now: now) else { return false }
        size = Double(growth.limit)
        return true
    }

    /// The service asked to slow down, or too many requests failed.
    package mutating func slowedDown() {
        guard answersBeforeDecrease == 0 else {
            answersBeforeDecrease -= 1
            return
        }
        growth.slowedDown()
        size = max(1, size / 2)
        answersBeforeDecrease = limit
    }
}
