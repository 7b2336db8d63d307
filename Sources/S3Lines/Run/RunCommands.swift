package import ByteIO

/// The command of `--filter`.
package struct FilterOptions: Sendable {
    /// The argument of `sh -c`.
    package let command: String
    /// The process settings of the commands.
    package let settings: CommandSettings
    /// The objects' bucket: commands find its name and the object's full key in their environment.
    package let bucket: String

    package init(command: String, settings: CommandSettings, bucket: String) {
        self.command = command
        self.settings = settings
        self.bucket = bucket
    }

    /// The maximum number of concurrent commands.
    package var atOnce: Int { WorkPool.processors }

    /// - Parameter key: the full, unescaped key.
    func variables(key: [UInt8]) -> [[UInt8]] {
        [[UInt8]("S3_KEY=".utf8) + key, [UInt8]("S3_BUCKET=\(bucket)".utf8)]
    }
}

/// The running commands of a run: waits for them, and ends them with the run.
package final class RunCommands {
    private let options: FilterOptions
    private let report: (String) -> Void
    private var running: [FilterCommand] = []
    /// Cancelled commands, with the monotonic time in milliseconds when each is killed.
    private var ending: [(command: FilterCommand, deadline: Int)] = []
    private var waits: [(command: FilterCommand, wait: DescriptorWait)] = []
    private var nextStopLook = 0
    /// Whether there is a terminal that a command could wait for.
    private let hasTerminal: Bool

    /// How long a command may take to end after SIGTERM.
    private static let endMilliseconds = 1000
    private static let endLookMilliseconds = 10
    private static let stopLookMilliseconds = 500

    package init(_ options: FilterOptions, report: @escaping (String) -> Void) {
        self.options = options
        self.report = report
        let terminal = unsafe open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        hasTerminal = terminal >= 0
        if hasTerminal { close(terminal) }
    }

    /// Starts a command.
    ///
    /// - Parameters:
    ///   - label: the key as messages print it.
    ///   - key: the full key of the object.
    ///   - isSearch: see `FilterOutcome.init`.
    /// - Throws: `SystemError.isShortage` if there are too many processes; EINVAL if the key cannot be put
    ///   into an environment variable.
    package func start(label: String, key: [UInt8], isSearch: Bool) throws(SystemError) -> FilterCommand {
        guard !key.contains(0) else { throw SystemError("S3_KEY", code: EINVAL) }
        let command = try FilterCommand(
            options.command, variables: options.variables(key: key), isSearch: isSearch, options.settings
        ) { [report] in report("\(label): \(Diagnostics.printable($0))") }
        running.append(command)
        return command
    }

    /// Cancels a command: sends SIGTERM, and SIGKILL if it does not end in time.
    package func cancel(_ command: FilterCommand) {
        guard let place = running.firstIndex(where: { $0 === command }) else { return }
        running.remove(at: place)
        guard command.outcome == nil else { return }
        command.terminate()
        ending.append((command, MonotonicClock.milliseconds + Self.endMilliseconds))
    }

    /// Forgets a command that has ended.
    package func forget(_ command: FilterCommand) { running.removeAll { $0 === command } }

    /// The descriptors to wait for; pass the result of the wait to `turned`.
    package func prepareWait() -> [DescriptorWait] {
        waits.removeAll(keepingCapacity: true)
        for command in running { for wait in command.waits { waits.append((command, wait)) } }
        return waits.map(\.wait)
    }

    /// The longest time to wait, in milliseconds; nil if nothing is scheduled.
    package var untilDue: Int? {
        guard !running.isEmpty || !ending.isEmpty else { return nil }
        let now = MonotonicClock.milliseconds
        var due = running.compactMap { $0.untilLook(now: now) }
        if !ending.isEmpty { due.append(Self.endLookMilliseconds) }
        if hasTerminal, !running.isEmpty { due.append(max(0, nextStopLook - now)) }
        return due.min()
    }

    /// Serves the commands after a wait.
    ///
    /// - Parameter ready: for each descriptor of `prepareWait`, whether it is ready.
    package func turned(_ ready: ArraySlice<Bool>) {
        for (isReady, (command, wait)) in zip(ready, waits) where isReady { command.isReady(wait) }
        guard !running.isEmpty || !ending.isEmpty else { return }
        let now = MonotonicClock.milliseconds
        for command in running where command.untilLook(now: now) == 0 { command.look() }
        if hasTerminal, now >= nextStopLook {
            nextStopLook = now + Self.stopLookMilliseconds
            for command in running { command.lookForStop() }
        }
        reap(now: now)
    }

    private func reap(now: Int) {
        ending.removeAll { command, deadline in
            if command.isGone() { return true }
            // Its killed child processes are reaped by init, not here.
            guard now >= deadline else { return false }
            command.kill()
            return true
        }
    }

    /// Ends all commands; returns when none is left.
    package func end() {
        for command in running { cancel(command) }
        while !ending.isEmpty {
            reap(now: MonotonicClock.milliseconds)
            if !ending.isEmpty { usleep(UInt32(Self.endLookMilliseconds * 1000)) }
        }
    }
}
