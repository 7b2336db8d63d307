/// How many parts may be in memory at once, on their way or about to be. A plain state machine.
///
/// Each takes its size of memory, and only where one connection is slower than the whole way to the service do
/// more of them take less time. So there are few at first, and twice as many as long as half as many more bytes
/// arrive in the same time by that; where it brings less, they become fewer again, and more are tried later.
package struct PutPartWindow: Equatable, Sendable {
    private static let smallest = 6
    private static let worthwhile = 1.5
    /// How many rounds pass before more parts are tried again.
    private static let restingRounds = 32

    /// As many parts as the window holds, from the end of one on.
    private struct Round: Equatable {
        let start: Int
        var bytes = 0
        var parts = 0
        /// There were as many parts at a time as there may be.
        var wasFull = false
    }

    private let largest: Int
    /// How many parts there may be.
    package private(set) var limit: Int
    private var round: Round?
    /// Rounds that are not looked at: until the parts on their way are as many as the limit, or while it rests.
    private var roundsToSkip = 0
    /// Bytes a millisecond before the limit was doubled; nil while that is not being tried.
    private var rateBefore: Double?

    /// - Parameter connections: the most requests at once; one part more is ready for the next.
    package init(connections: Int) {
        largest = connections + 1
        limit = min(Self.smallest, largest)
    }

    /// A part is there: one of so many.
    package mutating func added(held: Int) {
        if held >= limit { round?.wasFull = true }
    }

    /// A part was stored, of so many bytes. The time is the monotonic clock's, in milliseconds.
    package mutating func stored(bytes: Int, now: Int) {
        guard var current = round else { return round = Round(start: now) }
        current.bytes += bytes
        current.parts += 1
        guard current.parts >= limit else { return round = current }
        round = Round(start: now)
        // With fewer parts than there may be, something else is slow: the input, or memory is short.
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
