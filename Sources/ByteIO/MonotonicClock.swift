/// A clock that never steps back, for delays and time limits. Source: clock_gettime(2).
package enum MonotonicClock {
    /// Milliseconds since an unspecified time before the process started.
    package static var milliseconds: Int { microseconds(CLOCK_MONOTONIC) / 1000 }

    /// The same clock in microseconds.
    package static var microseconds: Int { microseconds(CLOCK_MONOTONIC) }

    /// The processor time that this process has used, in microseconds.
    package static var processorMicroseconds: Int { microseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func microseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }
}
