/// How many requests are worth having under way at once, found by trying. A plain state machine: what was moved and
/// when, in; a limit, out.
///
/// A request takes at least as long as the way to the service and back. So twice as many of them move twice as much,
/// until the line, the service or this machine has no more to give. The limit starts small, and doubles as long as that
/// moves more. Where it does not, the limit goes back, and is tried again later.
///
///     64 --round--> 128 --skipped, round--> more moved? -- yes --> 256 ...
///                                                       '- no ---> 64, rests
///
/// What moves is counted in rounds of as many calls as the limit allows, because the answers to requests that were
/// sent together come together. Small calls cost their number, large ones their bytes, so each counts as both.
package struct ConnectionGrowth: Equatable, Sendable {
    /// Where it starts and ends unless a number is given.
    package static let usual = 64...512
    /// How many times as much a doubled limit has to move.
    private static let worthwhile = 1.25
    /// A shorter round says little, in milliseconds.
    private static let shortestRound = 25
    /// How long it rests after a larger limit has moved no more, in milliseconds; each time twice as long.
    private static let rest = 1000...64_000
    /// As many bytes take about as long as the call around them.
    private static let bytesOfCall = 16 << 10

    /// From the end of one on.
    private struct Round: Equatable {
        let start: Int
        var calls = 0
        var bytes = 0
        /// How often requests were sent, and how often there were as many as the limit allows.
        var turns = 0
        var fullTurns = 0

        /// With fewer requests than there may be, something else is slow: the input, or the reader of the output.
        var wasFull: Bool { 2 * fullTurns >= turns }
    }

    private struct Known: Equatable {
        let limit: Int
        /// What moved in a millisecond.
        let rate: Double
    }

    private let largest: Int
    /// How many requests there may be.
    package private(set) var limit: Int
    private var round: Round?
    /// The next round is not looked at: connections come about meanwhile.
    private var isSettling = true
    /// When a larger limit is tried again; nil if it is to rest from now on, and for how long.
    private var restsUntil: Int? = 0
    private var nextRest = rest.lowerBound
    /// What there was before the limit was doubled; nil while that is not being tried.
    private var before: Known?

    /// - Parameter range: the limit at first, and the largest one.
    package init(_ range: ClosedRange<Int>) {
        limit = range.lowerBound
        largest = range.upperBound
    }

    private var isFixed: Bool { limit == largest && before == nil }

    /// Requests were sent, as many as there may be or fewer.
    package mutating func sent(isFull: Bool) {
        round?.turns += 1
        if isFull { round?.fullTurns += 1 }
    }

    /// A call has ended that moved so many bytes. The time is the monotonic clock's, in milliseconds.
    ///
    /// - Returns: whether the limit has changed.
    package mutating func moved(bytes: Int, now: Int) -> Bool {
        guard !isFixed else { return false }
        let end = restsUntil ?? rest(now: now)
        guard var current = round else {
            round = Round(start: now)
            return false
        }
        current.calls += 1
        current.bytes += bytes
        round = current
        guard current.calls % limit == 0 else { return false }
        let elapsed = now - current.start
        guard isSettling || elapsed >= Self.shortestRound else { return false }
        round = Round(start: now)
        guard !isSettling else {
            isSettling = false
            return false
        }
        guard current.wasFull, now >= end else { return false }
        let limitBefore = limit
        judge(Double(current.bytes + current.calls * Self.bytesOfCall) / Double(elapsed))
        return limit != limitBefore
    }

    private mutating func judge(_ rate: Double) {
        if let before {
            if rate < before.rate * Self.worthwhile { return takeBack(before) }
            nextRest = Self.rest.lowerBound
        }
        before = limit < largest ? Known(limit: limit, rate: rate) : nil
        isSettling = limit < largest
        limit = min(2 * limit, largest)
    }

    private mutating func takeBack(_ before: Known) {
        limit = before.limit
        self.before = nil
        restsUntil = nil
    }

    private mutating func rest(now: Int) -> Int {
        let end = now + nextRest
        restsUntil = end
        nextRest = min(2 * nextRest, Self.rest.upperBound)
        return end
    }

    /// The service asked to slow down. What is being tried is too much for it.
    package mutating func slowedDown() {
        round = nil
        if let before { takeBack(before) }
    }
}
