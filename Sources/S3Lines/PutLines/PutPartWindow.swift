/// Limits the number of parts in memory, in flight or waiting to be sent. A plain state machine.
///
/// Each part uses memory, and more of them are faster only if a single connection is slower than the path to
/// the service. So the limit starts low and doubles while throughput rises by at least 50 %, else halves; it
/// is raised again later.
package struct PutPartWindow: Equatable, Sendable {
    private static let smallest = 6
    private static let worthwhile = 1.5
    /// The number of rounds before the limit is raised again.
    private static let restingRounds = 32

    /// As many stored parts as the limit; throughput is measured over one round.
    private struct Round: Equatable {
        let start: Int
        var bytes = 0
        var parts = 0
        /// Whether the limit was reached.
        var wasFull = false
    }

    private let largest: Int
    /// The maximum number of parts.
    package private(set) var limit: Int
    private var round: Round?
    /// Rounds to ignore: until the parts in flight have reached a new limit, or after the limit was halved.
    private var roundsToSkip = 0
    /// The throughput in bytes per millisecond before the limit was doubled; nil if no increase is being
    /// tested.
    private var rateBefore: Double?

    /// - Parameter connections: the maximum number of concurrent requests; one more part is kept ready.
    package init(connections: Int) {
        largest = connections + 1
        limit = min(Self.smallest, largest)
    }

    /// Records a new part; `held` is the number of parts in memory.
    package mutating func added(held: Int) {
        if held >= limit { round?.wasFull = true }
    }

    /// Records a stored part of `bytes` bytes at the monotonic time `now` in milliseconds.
    package mutating func stored(bytes: Int, now: Int) {
        guard var current = round else { return round = Round(start: now) }
        current.bytes += bytes
        current.parts += 1
        guard current.parts >= limit else { return round = current }
        round = Round(start: now)
        // If the limit was not reached, something else is the bottleneck: input or memory.
        guard current.wasFull else { return }
        guard roundsToSkip == 0 else {
            roundsToSkip -= 1
            return
        }
        judge(Double(current.bytes) / Double(max(1, now - current.start)))
    }

    private mutating func judge(_ rate: Double) {
        if let before = rateBefore, rate < before * Self.worthwhile {
            limit = max(limit / 2, min(Self.smallest, largest))
            rateBefore = nil
            roundsToSkip = Self.restingRounds
            return
        }
        guard 2 * limit <= largest else { return rateBefore = nil }
        rateBefore = rate
        limit *= 2
        roundsToSkip = 1
    }
}
