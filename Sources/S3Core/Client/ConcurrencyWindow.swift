/// The limit of concurrent requests: it shrinks when the service asks to slow down and grows while requests
/// succeed. Additive increase, multiplicative decrease, as in TCP (RFC 5681), up to the limit that
/// `ConnectionGrowth` has found.
package struct ConcurrencyWindow: Equatable, Sendable {
    private var growth: ConnectionGrowth
    /// The limit with its fraction: it grows by one in each round of responses.
    private var size: Double
    /// Responses still to come to requests that were sent before the last decrease; they cause no further
    /// decrease.
    private var responsesBeforeDecrease = 0

    /// - Parameter connections: the initial limit, and the largest one.
    package init(_ connections: ClosedRange<Int>) {
        growth = ConnectionGrowth(connections)
        size = Double(connections.lowerBound)
    }

    /// The maximum number of concurrent requests, at least 1.
    package var limit: Int { Int(size) }

    package var isNarrowed: Bool { limit < growth.limit }

    /// Records that requests were sent. `isFull` is true if the limit was reached.
    package mutating func sent(isFull: Bool) { growth.sent(isFull: isFull) }

    /// Records a success response.
    package mutating func succeeded() {
        responsesBeforeDecrease = max(0, responsesBeforeDecrease - 1)
        let most = Double(growth.limit)
        if size < most { size = min(most, size + 1 / size) }
    }

    /// Records a call that has transferred `bytes` bytes. `now` is the monotonic clock in milliseconds.
    ///
    /// - Returns: whether the limit has changed because of the measured throughput.
    package mutating func moved(bytes: Int, now: Int) -> Bool {
        guard !isNarrowed, growth.moved(bytes: bytes, now: now) else { return false }
        size = Double(growth.limit)
        return true
    }

    /// The service asked to slow down, or too many requests failed.
    package mutating func slowedDown() {
        guard responsesBeforeDecrease == 0 else {
            responsesBeforeDecrease -= 1
            return
        }
        growth.slowedDown()
        size = max(1, size / 2)
        responsesBeforeDecrease = limit
    }
}
