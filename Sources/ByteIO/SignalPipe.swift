/// Delivers termination signals as bytes in a pipe, so that one poll waits for input and signals: SIGINT,
/// SIGTERM, SIGHUP (the terminal was closed), SIGQUIT and SIGXCPU (the CPU time limit was reached).
///
/// The first signal is delivered here and restores the default actions, so a second one ends the process and
/// its commands at once. A signal that was ignored at start stays ignored.
///
/// Source: sigaction(2), signal-safety(7).
package struct SignalPipe: ~Copyable {
    /// Readable once a signal has arrived.
    package let descriptor: CInt

    /// Installs the handlers. Only one instance per process.
    package init() throws(SystemError) {
        let ends = try openPipe("signal pipe")
        descriptor = ends.reading
        unsafe signalPipeWriteEnd = ends.writing
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU] { Self.catchUnlessIgnored(signal) }
    }

    /// True if a signal arrived that `pending` has not returned yet. Does not wait.
    package var hasArrived: Bool { canRead(descriptor) }

    /// The signal that arrived; nil if there is none. Does not wait.
    package func pending() -> CInt? {
        guard hasArrived else { return nil }
        var number: UInt8 = 0
        guard unsafe read(descriptor, &number, 1) == 1 else { return nil }
        return CInt(number)
    }

    // sigaction(2) fails only for a number that is no signal, or one that cannot be caught. Here all numbers are known,
    // so its results are ignored.

    /// Makes writing to a pipe without a reader an error (EPIPE) instead of ending the process.
    ///
    /// - Returns: whether SIGPIPE was ignored before.
    @discardableResult
    package static func ignorePipeSignal() -> Bool { ignore(SIGPIPE) }

    /// Makes a write beyond the file size limit an error (EFBIG) instead of ending the process.
    ///
    /// Source: setrlimit(2), RLIMIT_FSIZE.
    package static func ignoreFileSizeSignal() {
        unsafe fileSizeSignalWasIgnored = ignore(SIGXFSZ)
    }

    /// - Returns: whether `signal` was ignored before.
    private static func ignore(_ signal: CInt) -> Bool {
        let wasIgnored = isIgnored(signal)
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_IGN
        _ = unsafe sigaction(signal, &action, nil)
        return wasIgnored
    }

    /// True if started commands must ignore SIGXFSZ, as this process did at start.
    package static var commandsIgnoreFileSizeSignal: Bool { unsafe fileSizeSignalWasIgnored }

    /// Ends the process by `signal`, so that a shell reports 128 plus its number.
    package static func endProcess(by signal: CInt) -> Never {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_DFL
        _ = unsafe sigaction(signal, &action, nil)
        raise(signal)
        // Reached only if the signal is blocked.
        exit(128 + signal)
    }

    /// True if `signal` is ignored, as set by `nohup` and `trap ''`.
    private static func isIgnored(_ signal: CInt) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func catchUnlessIgnored(_ signal: CInt) {
        guard !isIgnored(signal) else { return }
        var action = sigaction()
        // No SA_RESTART: poll must return. Reads and writes are restarted explicitly.
        unsafe action.__sigaction_handler.sa_handler = { number in
            let code = errno
            // Separate calls instead of a loop: a handler must not allocate an array.
            SignalPipe.setDefault(SIGINT)
            SignalPipe.setDefault(SIGTERM)
            SignalPipe.setDefault(SIGHUP)
            SignalPipe.setDefault(SIGQUIT)
            SignalPipe.setDefault(SIGXCPU)
            var byte = UInt8(truncatingIfNeeded: number)
            // If the pipe is full, the signals in it end the wait as well.
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
            // The second signal also kills commands. It stays blocked until this handler returns.
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

/// Set once, before a second thread is started.
private nonisolated(unsafe) var fileSizeSignalWasIgnored = false

/// A global because a signal handler uses it; set once, before the handler is installed.
private nonisolated(unsafe) var signalPipeWriteEnd: CInt = -1
