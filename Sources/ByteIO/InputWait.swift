/// Why waiting for input came to an end.
package enum InputEvent: Equatable, Sendable {
    /// A read returns at once, with bytes or with the end of the input.
    case readable
    /// This signal arrived.
    case signal(CInt)
    /// Nothing came in time.
    case timedOut
}

/// Waits until `descriptor` can be read, a signal arrives or `milliseconds` have passed; nil waits for ever.
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
    // A signal interrupts poll; the next turn finds it in the pipe. A long wait may start again, which
    // only callers that measure time themselves would see.
    let ready = try restarting("poll") { unsafe poll(&requests, 2, timeout) }
    // Ctrl-C ends what is upstream too. Such an end must not be taken for the input's, and the signal may
    // be delivered only while poll returns with the end it caused.
    let isHungUp = requests[1].revents & Int16(POLLHUP) != 0
    if requests[0].revents != 0 || isHungUp, let signal = signals.pending() { return .signal(signal) }
    return ready > 0 && requests[1].revents != 0 ? .readable : .timedOut
}

/// The same, flushing `output` only if the input cannot be read at once.
package func waitForInput(
    _ descriptor: CInt, signals: borrowing SignalPipe, flushing output: inout BlockWriter,
    milliseconds: Int? = nil
) throws(SystemError) -> InputEvent {
    let now = try waitForInput(descriptor, signals: signals, milliseconds: 0)
    if now != .timedOut { return now }
    try output.flush()
    return try waitForInput(descriptor, signals: signals, milliseconds: milliseconds)
}

/// True if a read of `descriptor` would not wait. Source: poll(2).
package func canRead(_ descriptor: CInt) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) > 0
}
