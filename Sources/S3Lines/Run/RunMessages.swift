import ByteIO

/// The messages and the progress display of a run on standard error.
struct RunMessages {
    private let diagnostics: Diagnostics
    private var progress: RunProgress
    /// The terminal of standard error; nil if it is not one.
    private let terminal = Terminal(descriptor: STDERR_FILENO)
    private let writesPipe = !isFileOrNull(STDOUT_FILENO) && isatty(STDOUT_FILENO) == 0

    init(_ diagnostics: Diagnostics, _ display: RunProgress.Display) {
        self.diagnostics = diagnostics
        progress = RunProgress(
            tool: diagnostics.tool, display: display, start: MonotonicClock.milliseconds)
    }

    /// Writes a message.
    mutating func report(_ message: String) {
        write(progress.clear() ?? erasing)
        diagnostics.report(message)
    }

    /// Clears the line: the tool that reads the output may show its own progress line on the same terminal,
    /// with the cursor at its start.
    private var erasing: String? {
        guard let terminal, terminal.isForeground, writesPipe else { return nil }
        return RunProgress.erasing
    }

    /// Shows the progress if it is due.
    ///
    /// - Returns: the time until the next update, in milliseconds; nil if there is none.
    mutating func show(_ counts: RunCounts) -> Int? {
        let now = MonotonicClock.milliseconds
        if progress.untilDue(now: now) == 0 {
            // Checked each time: the window may have been resized, or the process moved to the background.
            let columns = terminal.map { $0.isForeground ? $0.columns : nil } ?? .max
            if let text = progress.show(counts, now: now, columns: columns) { write((erasing ?? "") + text) }
        }
        return progress.untilDue(now: now)
    }

    /// Ends the display.
    mutating func end(_ counts: RunCounts) {
        write(progress.end(counts, now: MonotonicClock.milliseconds))
    }

    /// The text of the summary.
    ///
    /// - Parameter connections: the highest number of concurrent requests.
    func summary(_ counts: RunCounts, connections: Int) -> String {
        let summary = progress.summary(counts, now: MonotonicClock.milliseconds)
        return connections == 0 ? summary : "\(summary), \(connections) at once"
    }

    /// Write errors are ignored: there is nowhere to report them.
    private func write(_ text: String?) {
        if let text { try? writeAll(text, to: STDERR_FILENO, name: "standard error") }
    }
}
