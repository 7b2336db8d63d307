/// The machine's clock, for times that are stored beyond the process. Source: clock_gettime(2).
package enum WallClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z; 0 before.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) * 1_000_000_000 + UInt64(clamping: time.tv_nsec)
    }

    /// The same in milliseconds.
    package static var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}
