/// Why a wait for input ended.
package enum InputEvent: Equatable, Sendable {
    /// A read would not block: there are bytes, or the end of the input.
    case readable
    /// This signal arrived.
    case signal(CInt)
    /// The time limit has passed.
    case timedOut
}

/// Waits until `descriptor` is readable, a signal arrives, or `milliseconds` have passed; nil for no time
/// limit.
///
/// Source: poll(2).
package func waitForInput(
    _ descriptor: CInt, signals: borrowing SignalPipe, milliseconds: Int? = nil
) throws(SystemError) -> InputEvent {
    var requests = [
        pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let timeout = milliseconds.map { CInt(clamping: max(0, $0)) } ?? -1
    // A signal interrupts poll; the restarted poll finds it in the pipe. A restart lengthens a timeout, which
    // only callers that measure the time themselves would notice.
    let ready = try restarting("poll") { unsafe poll(&requests, 2, timeout) }
    // Ctrl-C also ends the upstream process. That end of input must not count as normal, and the signal may
    // be delivered only while poll returns because of the end it caused.
    let isHungUp = requests[1].revents & Int16(POLLHUP) != 0
    if requests[0].revents != 0 || isHungUp, let signal = signals.pending() { return .signal(signal) }
    return ready > 0 && requests[1].revents != 0 ? .readable : .timedOut
}

/// True if a read of `descriptor` would not block. Source: poll(2).
package func canRead(_ descriptor: CInt) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) > 0
}
