import ByteIO

/// The system's clocks, or a test's.
package struct Clock: Sendable {
    /// Nanoseconds since the epoch.
    package let realtime: @Sendable () -> UInt64
    /// Milliseconds of a clock that is never set back.
    package let monotonic: @Sendable () -> Int

    package init(realtime: @escaping @Sendable () -> UInt64, monotonic: @escaping @Sendable () -> Int) {
        self.realtime = realtime
        self.monotonic = monotonic
    }

    package static let system = Clock(
        realtime: { WallClock.nanoseconds }, monotonic: { MonotonicClock.milliseconds })
}

/// The times of keys: no two are equal.
///
/// All lines of one read(2) were read at the same moment. So the clock is read once for each read, and its lines
/// are one nanosecond apart. If the clock is set back, `unique` stays ahead of it by as little as possible;
/// `calendar` follows the clock once they differ by more than a second.
package struct LineClock: Sendable {
    /// Nanoseconds since the epoch, greater than at the last step.
    package private(set) var unique: UInt64 = 0
    /// Nanoseconds since the epoch, for times that need not be unique.
    package private(set) var calendar: UInt64 = 0

    private let resolution: UInt64

    /// - Parameter resolution: the least number of nanoseconds by which `unique` advances: 1, or the unit in the keys.
    package init(resolution: UInt64 = 1) { self.resolution = resolution }

    /// Advances to the next key's time.
    ///
    /// - Parameter reading: the clock when the key's line was read.
    package mutating func advance(to reading: UInt64) {
        unique = max(reading, unique + resolution)
        calendar = unique - reading > 1_000_000_000 ? reading : unique
    }
}
