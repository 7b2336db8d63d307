/// A system call that failed: what was being worked on, and why it did not work.
///
/// Source: errno(3).
package struct SystemError: Error, Equatable, Sendable {
    /// What was read, written or opened, as a person would name it: `standard input`, a path.
    package let subject: String
    /// The value of `errno`.
    package let code: CInt
    /// True if what failed was to open a file to read that does not exist.
    package let isMissingInput: Bool

    package init(_ subject: String, code: CInt, isMissingInput: Bool = false) {
        self.subject = subject
        self.code = code
        self.isMissingInput = isMissingInput
    }
}

extension SystemError: CustomStringConvertible {
    /// The system's own words for the error, without the subject: `No space left on device`.
    package var reason: String { unsafe String(cString: strerror(code)) }

    package var description: String { "\(subject): \(reason)" }

    /// True if there are too many processes or open files, or there is no memory, which may change.
    package var isShortage: Bool { [EAGAIN, EMFILE, ENFILE, ENOMEM].contains(code) }

    /// True if a descriptor that does not block has nothing to give, or no room. Source: read(2), write(2).
    package var isWouldBlock: Bool { code == EAGAIN || code == EWOULDBLOCK }
}

/// Calls `body` until it ends other than by a signal.
///
/// - Returns: what `body` returned, never negative.
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

/// Calls `body`, which moves bytes to or from `descriptor`, until it ends other than by a signal.
///
/// Descriptors are used as found: another process that shares one may have made it non-blocking, which is a flag of the open
/// file and not of this process. So where nothing can be moved now, this waits as a blocking call would.
/// Source: fcntl(2), O_NONBLOCK; poll(2).
///
/// - Parameter events: what `body` needs: POLLIN or POLLOUT.
/// - Returns: what `body` returned, never negative.
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
