import ByteIO

/// What a run says on standard error: messages, and between them how far it is.
struct RunMessages {
    private let diagnostics: Diagnostics
    private var progress: RunProgress

    init(_ diagnostics: Diagnostics, _ display: RunProgress.Display) {
        self.diagnostics = diagnostics
        progress = RunProgress(
            tool: diagnostics.tool, display: display, start: MonotonicClock.milliseconds)
    }

    /// Writes a message.
    mutating func report(_ message: String) {
        write(progress.clear())
        diagnostics.report(message)
    }

    /// Shows how far the run is, if that is wanted and it is time.
    ///
    /// - Returns: how long it is until the next time, in milliseconds; nil if it never comes.
    mutating func show(_ counts: RunCounts) -> Int? {
        let now = MonotonicClock.milliseconds
        write(progress.show(counts, now: now))
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
