/// How long nothing has moved on a connection. A plain state machine.
package struct Silence {
    /// How long it may be silent, in milliseconds.
    package let limit: Int
    private var moved = -1
    private var since = 0

    package init(limit: Int) { self.limit = limit }

    /// - Parameters:
    ///   - moved: how many bytes have come and gone by now; nil if none can.
    ///   - now: the time, in milliseconds.
    /// - Returns: how many milliseconds of silence are left.
    package mutating func left(moved: Int?, now: Int) -> Int {
        if moved == nil || moved != self.moved {
            self.moved = moved ?? -1
            since = now
        }
        return limit - (now - since)
    }
}
