/// Measures how long a connection has been idle. A state machine without I/O.
package struct Silence {
    /// The longest allowed idle time, in milliseconds.
    package let limit: Int
    private var moved = -1
    private var since = 0

    package init(limit: Int) { self.limit = limit }

    /// - Parameters:
    ///   - moved: the number of bytes transferred so far; nil while the transfer is paused.
    ///   - now: the time, in milliseconds.
    /// - Returns: the milliseconds left before the limit.
    package mutating func left(moved: Int?, now: Int) -> Int {
        if moved == nil || moved != self.moved {
            self.moved = moved ?? -1
            since = now
        }
        return limit - (now - since)
    }
}
