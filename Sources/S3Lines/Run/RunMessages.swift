import ByteIO

/// What a run says on standard error: messages, and between them how far it is.
struct RunMessages {
    private let diagnostics: Diagnostics
    private var progress: RunProgress
    /// Where all this is seen, if it is a terminal.
    private let terminal = Terminal(descriptor: STDERR_FILENO)
    private let writesPipe = !isFileOrNull(STDOUT_FILENO) && isatty(STDOUT_FILENO) == 0

    init(_ diagnostics: Diagnostics, _ display: RunProgress.Display) {
        self.diagnostics = diagnostics
        progress = RunProgress(
            tool: diagnostics.tool, display: display, start: MonotonicClock.milliseconds)
    }

    /// Whether anything is shown, sooner or later.
    var isShown: Bool { progress.untilDue(now: 0) != nil }

    /// Writes a message.
    mutating func report(_ message: String) {
        write(progress.clear() ?? erasing)
        diagnostics.report(message)
    }

    /// The tool that reads the output may have drawn a line on the same terminal, and left the cursor at its start.
    private var erasing: String? {
        guard let terminal, terminal.isForeground, writesPipe else { return nil }
        return RunProgress.erasing
    }

    /// Shows how far the run is, if that is wanted and it is time.
    ///
    /// - Returns: how long it is until the next time, in milliseconds; nil if it never comes.
    mutating func show(_ counts: RunCounts) -> Int? {
        let now = MonotonicClock.milliseconds
        if progress.untilDue(now: now) == 0 {
            // Asked for each time: the window may have another size, and the shell may have put it into the background.
            let columns = terminal.map { $0.isForeground ? $0.columns : nil } ?? .max
            if let text = progress.show(counts, now: now, columns: columns) { write((erasing ?? "") + text) }
        }
        return progress.untilDue(now: now)
    }

    /// The run is over.
    mutating func end(_ counts: RunCounts) {
        write(progress.end(counts, now: MonotonicClock.milliseconds))
    }

    /// What was done, in words.
    ///
    /// - Parameter connections: the most requests that were under way at once.
    func summary(_ counts: RunCounts, connections: Int) -> String {
        let summary = progress.summary(counts, now: MonotonicClock.milliseconds)
        return connections == 0 ? summary : "\(summary), \(connections) at once"
    }

    /// What cannot be shown is lost: there is no other place for it.
    private func write(_ text: String?) {
        if let text { try? writeAll(text, to: STDERR_FILENO, name: "standard error") }
    }
}
