/// A clock that never steps back, for delays and time limits. Source: clock_gettime(2).
package enum MonotonicClock {
    /// Milliseconds since an unspecified time before the process started.
    package static var milliseconds: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
