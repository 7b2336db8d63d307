import ByteIO

/// The system's clocks, or a test's.
package struct Clock: Sendable {
    /// Nanoseconds since the epoch.
    package let realtime: @Sendable () -> UInt64
    /// Milliseconds since some moment, never set back.
    package let monotonic: @Sendable () -> Int

    package init(realtime: @escaping @Sendable () -> UInt64, monotonic: @escaping @Sendable () -> Int) {
        self.realtime = realtime
        self.monotonic = monotonic
    }

    /// Source: clock_gettime(2).
    package static let system = Clock(
        realtime: {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return UInt64(clamping: time.tv_sec) * 1_000_000_000 + UInt64(clamping: time.tv_nsec)
        },
        monotonic: { MonotonicClock.milliseconds })
}

/// The times that keys are made with: no two are equal.
///
/// Lines that one read(2) brought were read at one moment, so the clock is read as often as the input is,
/// and the lines follow each other by a nanosecond. When the clock is set back, `unique` stays ahead of it
/// by as little as it can; `calendar` follows the clock once it is off by more than a second.
package struct LineClock: Sendable {
    /// Nanoseconds since the epoch, greater than at the last step.
    package private(set) var unique: UInt64 = 0
    /// Nanoseconds since the epoch, for times of which two may be the same.
    package private(set) var calendar: UInt64 = 0

    private let resolution: UInt64

    /// - Parameter resolution: how many nanoseconds `unique` advances at least, 1 or the unit that keys show.
    package init(resolution: UInt64 = 1) { self.resolution = resolution }

    /// Goes on to the next key's time.
    ///
    /// - Parameter reading: the clock when the key's line was read.
    package mutating func advance(to reading: UInt64) {
        unique = max(reading, unique + resolution)
        calendar = unique - reading > 1_000_000_000 ? reading : unique
    }
}
