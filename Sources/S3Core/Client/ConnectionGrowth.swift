/// Finds by trial how many concurrent requests are worthwhile. A state machine: transferred bytes and times
/// in, a limit out.
///
/// A request takes at least one round trip. So twice as many requests transfer twice as much, until the
/// network, the service or this machine is saturated. The limit starts small and doubles as long as that
/// increases throughput. If it does not, the limit goes back and is tried again later.
///
///     64 --rounds until steady--> 128 --skipped, round--> more moved? -- yes --> 256 ...
///                                                                     '- no ---> 64, rests
///
/// Throughput is measured in rounds of `limit` calls, because the responses to requests that were sent
/// together arrive together. Small calls cost time by their number, large ones by their bytes, so each counts
/// as both.
package struct ConnectionGrowth: Equatable, Sendable {
    /// The default limits: the first and the largest.
    package static let usual = 64...512
    /// The factor by which a doubled limit has to increase throughput to be kept.
    private static let worthwhile = 1.25
    /// The shortest round that is measured, in milliseconds.
    private static let shortestRound = 25
    /// The pause after a larger limit did not increase throughput, in milliseconds; it doubles each time.
    private static let rest = 1000...64_000
    /// The fixed cost of a call, expressed as the number of bytes that take as long.
    private static let bytesOfCall = 16 << 10

    /// One measured round; the next one starts where it ends.
    private struct Round: Equatable {
        let start: Int
        var calls = 0
        var bytes = 0
        /// How often requests were sent, and how often the limit was reached.
        var turns = 0
        var fullTurns = 0

        /// False if the limit was mostly not reached: then the input or the reader of the output is the
        /// bottleneck.
        var wasFull: Bool { 2 * fullTurns >= turns }
    }

    private struct Known: Equatable {
        let limit: Int
        /// Throughput: bytes, with the fixed cost of calls, per millisecond.
        let rate: Double
    }

    private let largest: Int
    /// The maximum number of concurrent requests.
    package private(set) var limit: Int
    private var round: Round?
    /// True if the next round is not measured, because connections are being opened meanwhile.
    private var isSettling = true
    /// When a larger limit is tried again; nil if the pause has not started yet.
    private var restsUntil: Int? = 0
    private var nextRest = rest.lowerBound
    /// The limit and throughput before the limit was doubled; nil unless a doubled limit is being tried.
    private var before: Known?
    /// The throughput of the previous round; nil if there was none with this limit.
    private var previous: Double?

    /// - Parameter range: the initial limit, and the largest one.
    package init(_ range: ClosedRange<Int>) {
        limit = range.lowerBound
        largest = range.upperBound
    }

    private var isFixed: Bool { limit == largest && before == nil }

    /// Records that requests were sent. `isFull` is true if the limit was reached.
    package mutating func sent(isFull: Bool) {
        round?.turns += 1
        if isFull { round?.fullTurns += 1 }
    }

    /// Records a call that has transferred `bytes` bytes. `now` is the monotonic clock in milliseconds.
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
        var best = rate
        if let before {
            if rate < before.rate * Self.worthwhile { return takeBack(before) }
            nextRest = Self.rest.lowerBound
        } else {
            // While connections are opened and TLS is negotiated, throughput is low. Compared with that, any
            // limit would be worthwhile.
            defer { previous = rate }
            guard let previous, rate < previous * Self.worthwhile else { return }
            // A round that was slow by chance is no measure, either.
            best = max(rate, previous)
        }
        previous = nil
        before = limit < largest ? Known(limit: limit, rate: best) : nil
        isSettling = limit < largest
        limit = min(2 * limit, largest)
    }

    private mutating func takeBack(_ before: Known) {
        limit = before.limit
        self.before = nil
        previous = nil
        restsUntil = nil
    }

    private mutating func rest(now: Int) -> Int {
        let end = now + nextRest
        restsUntil = end
        nextRest = min(2 * nextRest, Self.rest.upperBound)
        return end
    }

    /// The service asked to slow down: reverts a limit that is being tried.
    package mutating func slowedDown() {
        round = nil
        previous = nil
        if let before { takeBack(before) }
    }
}
