/// A command that runs: its standard output is read here, its standard error is this process's, its standard
/// input is empty.
///
/// Source: posix_spawnp(3), waitpid(2).
package struct Command: ~Copyable {
    /// More of its output is not read.
    private static let maximumSize = 1 << 20

    /// Can be read when there is output, or its end.
    package let descriptor: CInt
    private let process: pid_t
    private var output: [UInt8] = []
    private var isAtEnd = false
    private var isReaped = false

    /// Starts `words` without a shell.
    ///
    /// - Parameter limits: what this process has changed; the command has what was found.
    /// - Throws: ENOENT if there is no such command.
    package static func start(
        _ words: [String], ignoresPipeSignal: Bool, limits: FoundLimits = FoundLimits()
    ) throws(SystemError) -> Command {
        let name = words.first ?? ""
        var ends: [CInt] = [-1, -1]
        _ = try restarting(name) { unsafe pipe(&ends) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        if !ignoresPipeSignal { unsafe sigaddset(&signals, SIGPIPE) }
        if !SignalPipe.commandsIgnoreFileSizeSignal { unsafe sigaddset(&signals, SIGXFSZ) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = limits.restored {
            unsafe posix_spawnp(&child, name, &actions, &attributes, &arguments, environ)
        }
        guard code == 0 else {
            close(ends[0])
            throw SystemError(name, code: code)
        }
        return Command(descriptor: ends[0], process: child)
    }

    private init(descriptor: CInt, process: pid_t) {
        self.descriptor = descriptor
        self.process = process
    }

    /// Takes what it has printed, and its end.
    ///
    /// - Returns: its output and status (128 and the signal that ended it), once it has ended.
    package mutating func ended() -> (output: [UInt8], status: Int)? {
        var block = [UInt8](repeating: 0, count: 1 << 14)
        while !isAtEnd {
            let count = unsafe read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 || output.count + count > Self.maximumSize { isAtEnd = true }
            output += block[..<count]
        }
        if output.count > Self.maximumSize { kill(process, SIGKILL) }
        var status: CInt = 0
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        isReaped = true
        let signal = status & 0x7F
        return (output, Int(signal == 0 ? status >> 8 & 0xFF : 128 + signal))
    }

    /// Whether all its output is there, and only its end is not.
    package var isClosing: Bool { isAtEnd }

    deinit {
        close(descriptor)
        guard !isReaped else { return }
        kill(process, SIGKILL)
        var status: CInt = 0
        unsafe waitpid(process, &status, 0)
    }
}
