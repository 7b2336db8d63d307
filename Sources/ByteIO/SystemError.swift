/// A failed system call: its subject and the error code.
///
/// Source: errno(3).
package struct SystemError: Error, Equatable, Sendable {
    /// The name of what was read, written or opened: `standard input`, a path.
    package let subject: String
    /// The value of `errno`.
    package let code: CInt
    /// True if a file to be read does not exist.
    package let isMissingInput: Bool

    package init(_ subject: String, code: CInt, isMissingInput: Bool = false) {
        self.subject = subject
        self.code = code
        self.isMissingInput = isMissingInput
    }
}

extension SystemError: CustomStringConvertible {
    /// The system's message for the error, without the subject: `No space left on device`.
    package var reason: String { unsafe String(cString: strerror(code)) }

    package var description: String { "\(subject): \(reason)" }

    /// True for a shortage of processes, open files or memory, which may be temporary.
    package var isShortage: Bool { [EAGAIN, EMFILE, ENFILE, ENOMEM].contains(code) }

    /// True if a non-blocking descriptor has no data or no room. Source: read(2), write(2).
    package var isWouldBlock: Bool { code == EAGAIN || code == EWOULDBLOCK }
}

/// Calls `body`, and repeats it if a signal interrupted it.
///
/// - Returns: the result of `body`, never negative.
/// - Throws: the `errno` of a call that returned a negative value, with `subject`.
package func restarting<Result: SignedInteger>(
    _ subject: @autoclosure () -> String, _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw SystemError(subject(), code: code) }
    }
}

/// Calls `body`, which transfers bytes to or from `descriptor`, and repeats it if a signal interrupted it.
///
/// A descriptor may be non-blocking because another process that shares it has set the flag, which belongs to
/// the open file. If no bytes can be transferred now, this waits as a blocking call would. Source: fcntl(2),
/// O_NONBLOCK; poll(2).
///
/// - Parameter events: the event that `body` needs: POLLIN or POLLOUT.
/// - Returns: the result of `body`, never negative.
package func restarting<Result: SignedInteger>(
    _ subject: @autoclosure () -> String, waitingFor events: CInt, of descriptor: CInt, _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        do { return try restarting(subject(), body) } catch {
            guard error.isWouldBlock else { throw error }
        }
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        _ = try restarting(subject()) { unsafe poll(&request, 1, -1) }
    }
}
