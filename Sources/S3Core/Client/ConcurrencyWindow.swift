/// How many requests may be under way at once: fewer when the service asks to slow down, more again while
/// it answers well. Additive increase, multiplicative decrease, as in TCP (RFC 5681).
package struct ConcurrencyWindow: Equatable, Sendable {
    private let maximum: Int
    /// A fraction of one more is carried, so that growth is one a round of answers.
    private var size: Double
    /// Decreases wait for the answers of requests that were sent before the last one.
    private var answersBeforeDecrease = 0

    package init(maximum: Int) {
        self.maximum = maximum
        size = Double(maximum)
    }

    /// The number of requests that may be under way, from 1 to the maximum.
    package var limit: Int { Int(size) }

    package var isNarrowed: Bool { limit < maximum }

    /// A request was answered well.
    package mutating func succeeded() {
        answersBeforeDecrease = max(0, answersBeforeDecrease - 1)
        if size < Double(maximum) { size = min(Double(maximum), size + 1 / size) }
    }

    /// The service asked to slow down, or too many requests failed.
    package mutating func slowedDown() {
        guard answersBeforeDecrease == 0 else {
            answersBeforeDecrease -= 1
            return
        }
        size = max(1, size / 2)
        answersBeforeDecrease = limit
    }
}
