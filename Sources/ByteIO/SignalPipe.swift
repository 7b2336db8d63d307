/// The signals that ask for the process's end, as bytes of a pipe, so that one poll waits for input and for them:
/// SIGINT, SIGTERM, SIGHUP (the terminal has gone), SIGQUIT and SIGXCPU (the time of the processor is used up).
///
/// The first signal arrives here; from then on all have their default action again, so a second one
/// ends the process at once, and the commands that it has started. A signal that was ignored at start stays ignored.
///
/// Source: sigaction(2), signal-safety(7).
package struct SignalPipe: ~Copyable {
    /// Readable once a signal has arrived.
    package let descriptor: CInt

    /// Starts to catch the signals. One value a process.
    package init() throws(SystemError) {
        let ends = try openPipe("signal pipe")
        descriptor = ends.reading
        unsafe signalPipeWriteEnd = ends.writing
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU] { Self.catchUnlessIgnored(signal) }
    }

    /// True if a signal arrived that `pending` has not told yet. Does not wait.
    package var hasArrived: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, 0) > 0
    }

    /// The signal that arrived, if one did. Does not wait.
    package func pending() -> CInt? {
        guard hasArrived else { return nil }
        var number: UInt8 = 0
        guard unsafe read(descriptor, &number, 1) == 1 else { return nil }
        return CInt(number)
    }

    /// Makes writing to a pipe without a reader an error (EPIPE) instead of the process's end.
    package static func ignorePipeSignal() {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_IGN
        _ = unsafe sigaction(SIGPIPE, &action, nil)
    }

    /// Makes a file that would pass the limit of its size an error of the write (EFBIG) instead of the process's end.
    ///
    /// Source: setrlimit(2), RLIMIT_FSIZE.
    package static func ignoreFileSizeSignal() {
        unsafe fileSizeSignalWasIgnored = isIgnored(SIGXFSZ)
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_IGN
        _ = unsafe sigaction(SIGXFSZ, &action, nil)
    }

    /// True if SIGXFSZ has to be ignored in commands that are started, as it was in this process.
    package static var commandsIgnoreFileSizeSignal: Bool { unsafe fileSizeSignalWasIgnored }

    /// Ends the process by `signal`, so that a shell sees 128 plus its number.
    package static func endProcess(by signal: CInt) -> Never {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_DFL
        _ = unsafe sigaction(signal, &action, nil)
        raise(signal)
        // Only a blocked signal comes here.
        exit(128 + signal)
    }

    /// True if `signal` was set to be ignored, as `nohup` and `trap ''` do.
    package static func isIgnored(_ signal: CInt) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func catchUnlessIgnored(_ signal: CInt) {
        guard !isIgnored(signal) else { return }
        var action = sigaction()
        // No SA_RESTART: a poll must come back. Reads and writes are restarted by hand.
        unsafe action.__sigaction_handler.sa_handler = { number in
            let code = errno
            // One by one: a handler must not allocate an array.
            SignalPipe.setDefault(SIGINT)
            SignalPipe.setDefault(SIGTERM)
            SignalPipe.setDefault(SIGHUP)
            SignalPipe.setDefault(SIGQUIT)
            SignalPipe.setDefault(SIGXCPU)
            var byte = UInt8(truncatingIfNeeded: number)
            _ = unsafe write(signalPipeWriteEnd, &byte, 1)
            errno = code
        }
        _ = unsafe sigaction(signal, &action, nil)
    }

    private static func setDefault(_ signal: CInt) {
        guard !isIgnored(signal) else { return }
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_DFL
        if CommandGroups.isUsed {
            // The second signal takes commands along. It is blocked until this handler is back.
            unsafe action.__sigaction_handler.sa_handler = { number in
                CommandGroups.killAll()
                var action = sigaction()
                unsafe action.__sigaction_handler.sa_handler = SIG_DFL
                _ = unsafe sigaction(number, &action, nil)
                raise(number)
            }
        }
        _ = unsafe sigaction(signal, &action, nil)
    }
}

/// Set once, before there is a second thread.
private nonisolated(unsafe) var fileSizeSignalWasIgnored = false

/// Written by a signal handler, which can reach nothing but globals; set once, before the handler is.
private nonisolated(unsafe) var signalPipeWriteEnd: CInt = -1
