/// How a list is repeated for keys that come later.
package struct Following: Sendable {
    /// The minimum time from one poll to the next, in milliseconds.
    package var interval: Int
    package var end: FollowList.End
    package var lookback: FollowList.Lookback
    /// Whether a poll lists at several places at once.
    package var isParallel = true
    /// The maximum memory for keys listed ahead, in bytes.
    package var maximumBytes = 8 << 20

    package init(interval: Int, end: FollowList.End = .never, lookback: FollowList.Lookback) {
        self.interval = interval
        self.end = end
        self.lookback = lookback
    }
}
