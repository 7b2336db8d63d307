/// A child process. It is killed when its owner is destroyed.
///
/// Source: posix_spawn(3), waitpid(2).
package struct ChildProcess: ~Copyable {
    /// How the process ended.
    package enum End: Equatable, Sendable {
        case exited(status: Int)
        case killed(signal: CInt)
    }

    /// The descriptors for its standard input, output and error.
    package struct Streams {
        /// Nil for empty input.
        package var input: CInt?
        package var output: CInt
        /// Nil for this process's standard error.
        package var errors: CInt?

        package init(input: CInt? = nil, output: CInt, errors: CInt? = nil) {
            self.input = input
            self.output = output
            self.errors = errors
        }
    }

    private let process: pid_t
    private let hasGroup: Bool
    private var isReaped = false

    /// Starts `path`, without a shell; it is searched for in PATH if it has no slash. The child inherits no
    /// descriptors except those of `streams`, and has the signal dispositions that this process started with.
    ///
    /// - Parameters:
    ///   - words: the arguments, including the program's name.
    ///   - variables: `NAME=VALUE` entries that override this process's environment.
    ///   - hasGroup: whether it leads a process group, so that signals also reach the processes that it
    ///     starts.
    /// - Throws: ENOENT if the program does not exist.
    package init(
        _ path: String, _ words: [String], variables: [[UInt8]] = [], _ streams: Streams,
        hasGroup: Bool = false,
        _ settings: CommandSettings
    ) throws(SystemError) {
        // A step that fails for lack of memory must not start a command that reads or writes something else.
        var failure: CInt = 0
        func check(_ code: CInt) { failure = failure == 0 ? code : failure }
        var actions = unsafe posix_spawn_file_actions_t()
        check(unsafe posix_spawn_file_actions_init(&actions))
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let input = streams.input {
            check(unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO))
        } else {
            check(unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0))
        }
        check(unsafe posix_spawn_file_actions_adddup2(&actions, streams.output, STDOUT_FILENO))
        if let errors = streams.errors {
            check(unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO))
        }
        var attributes = posix_spawnattr_t()
        check(unsafe posix_spawnattr_init(&attributes))
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        check(unsafe posix_spawnattr_setsigmask(&attributes, &signals))
        if !settings.ignoresPipeSignal { unsafe sigaddset(&signals, SIGPIPE) }
        if !SignalPipe.commandsIgnoreFileSizeSignal { unsafe sigaddset(&signals, SIGXFSZ) }
        check(unsafe posix_spawnattr_setsigdefault(&attributes, &signals))
        if hasGroup {
            flags |= POSIX_SPAWN_SETPGROUP
            check(unsafe posix_spawnattr_setpgroup(&attributes, 0))
        }
        check(unsafe posix_spawnattr_setflags(&attributes, Int16(flags)))
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var environment = unsafe Self.environment(with: variables)
        defer { unsafe environment.forEach { unsafe free($0) } }
        var child: pid_t = 0
        guard failure == 0 else { throw SystemError(path, code: failure) }
        let code = settings.applied {
            unsafe posix_spawnp(&child, path, &actions, &attributes, &arguments, &environment)
        }
        guard code == 0 else { throw SystemError(path, code: code) }
        process = child
        self.hasGroup = hasGroup
        if hasGroup { CommandGroups.add(child) }
    }

    /// This process's environment, overridden by `variables`: C strings that the caller frees, ended by nil.
    private static func environment(with variables: [[UInt8]]) -> [UnsafeMutablePointer<CChar>?] {
        let names = variables.map { $0.prefix { $0 != UInt8(ascii: "=") } + [UInt8(ascii: "=")] }
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe []
        var next = unsafe environ
        while let string = unsafe next.pointee {
            let isReplaced = names.contains { name in
                name.enumerated().allSatisfy { unsafe UInt8(bitPattern: string[$0]) == $1 }
            }
            if !isReplaced { unsafe strings.append(strdup(string)) }
            unsafe next += 1
        }
        for variable in variables {
            let copy = variable.map { CChar(bitPattern: $0) } + [0]
            unsafe strings.append(strdup(copy))
        }
        return unsafe strings + [nil]
    }

    /// How the process ended; nil if it still runs. Does not wait.
    package mutating func end() -> End? {
        guard !isReaped else { return nil }
        var status: CInt = 0
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        isReaped = true
        if hasGroup { CommandGroups.remove(process) }
        let signal = status & 0x7F
        return signal == 0 ? .exited(status: Int(status >> 8 & 0xFF)) : .killed(signal: signal)
    }

    /// Whether it was stopped because it used a terminal that belongs to another process group. Returns true
    /// once.
    package func wantsTerminal() -> Bool {
        var information = unsafe siginfo_t()
        let kinds = WSTOPPED | WNOHANG
        guard !isReaped, unsafe waitid(P_PID, id_t(process), &information, kinds) == 0,
            unsafe information.si_signo == SIGCHLD
        else { return false }
        let signal = unsafe information._sifields._sigchld.si_status
        return signal == SIGTTIN || signal == SIGTTOU
    }

    /// Sends a signal to the process or its group. The group's other processes get it even after the process
    /// itself has ended; the group's ID is not reused while they run.
    package func send(_ signal: CInt) {
        if hasGroup { kill(-process, signal) } else if !isReaped { kill(process, signal) }
    }

    /// Whether the process and all of its group have ended.
    package mutating func isGone() -> Bool {
        if !isReaped { _ = end() }
        guard isReaped else { return false }
        return !hasGroup || kill(-process, 0) != 0
    }

    /// Kills the process and its group, and waits until the process has ended, which takes little time.
    package mutating func killAndWait() {
        send(SIGKILL)
        guard !isReaped else { return }
        reap()
        isReaped = true
    }

    private func reap() {
        if hasGroup { CommandGroups.remove(process) }
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }

    deinit {
        guard !isReaped else { return }
        send(SIGKILL)
        reap()
    }
}
