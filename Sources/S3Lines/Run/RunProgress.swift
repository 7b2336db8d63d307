/// The work that a run has done so far, and the known total.
package struct RunCounts: Equatable, Sendable {
    /// Objects stored or written.
    package var objects = 0
    /// Lines read; nil if the tool does not count them.
    package var lines: Int?
    /// Bytes of data, before compression or after decompression.
    package var bytes = 0
    /// The total number of objects; nil until it is known.
    package var totalObjects: Int?
    /// The share of the work that is done, from 0 to 1; nil until it is known.
    package var share: Double?

    package init(objects: Int = 0, lines: Int? = nil, bytes: Int = 0) {
        self.objects = objects
        self.lines = lines
        self.bytes = bytes
    }
}

/// Shows the progress of a run to people. A plain state machine: counts and times in, text for standard error
/// out.
///
/// Times are monotonic, in milliseconds.
package struct RunProgress: Sendable {
    package enum Display: Equatable, Sendable {
        case none
        /// One line that is overwritten, and cleared at the end: for a terminal.
        case line
        /// A new line each time, and a last one at the end: for a file or a pipe.
        case lines

        /// The time between updates, in milliseconds.
        fileprivate var interval: Int { self == .line ? 500 : 5000 }
    }

    /// Clears the line from the cursor on. Source: ECMA-48, EL.
    package static let erasing = "\u{1B}[K"

    private let tool: String
    private let display: Display
    private let start: Int
    private var due: Int
    private var isOnScreen = false

    /// How long a run must last, in milliseconds, before the remaining time is estimated.
    private static let estimatedFrom = 2000

    /// - Parameter tool: the name at the start of each line.
    package init(tool: String, display: Display, start: Int) {
        self.tool = tool
        self.display = display
        self.start = start
        due = start + display.interval
    }

    /// The time until `show` has something new, in milliseconds; nil if never.
    package func untilDue(now: Int) -> Int? { display == .none ? nil : max(0, due - now) }

    /// - Parameter columns: the width of the terminal; nil if nothing may be shown there now. Output that is
    ///   not a terminal has no limit.
    /// - Returns: the text to write, if an update is due.
    package mutating func show(_ counts: RunCounts, now: Int, columns: Int? = .max) -> String? {
        guard display != .none, now >= due else { return nil }
        due = now + display.interval
        guard let columns else { return clear() }
        let text = "\(tool): \(summary(counts, now: now, isOver: false))"
        guard display == .line else { return text + "\n" }
        isOnScreen = true
        // The cursor returns to the start, so that text of another process starts a line. A character in the
        // last column would wrap the line.
        return "\r\(text.prefix(max(0, columns - 1)))\(Self.erasing)\r"
    }

    /// Prepares for other output.
    ///
    /// - Returns: the text that clears the progress line, if one is shown.
    package mutating func clear() -> String? {
        guard isOnScreen else { return nil }
        isOnScreen = false
        return "\r" + Self.erasing
    }

    /// Ends the display.
    ///
    /// - Returns: the text to write.
    package mutating func end(_ counts: RunCounts, now: Int) -> String? {
        display == .lines ? "\(tool): \(summary(counts, now: now))\n" : clear()
    }

    /// `12 objects, 3400 lines, 34.5 MiB, 2.1 s, 16.4 MiB/s`; before the end, if the total is known:
    /// `12 of 300 objects, 34.5 MiB, 2.1 s, 16.4 MiB/s, 41%, 3 s left`
    package func summary(_ counts: RunCounts, now: Int, isOver: Bool = true) -> String {
        let elapsed = max(1, now - start)
        let lines = counts.lines.map { [Self.count($0, "line")] } ?? []
        let rate = Int(Double(counts.bytes) * 1000 / Double(elapsed))
        var objects = Self.count(counts.objects, "object")
        if !isOver, let total = counts.totalObjects {
            objects = "\(counts.objects) of \(Self.count(total, "object"))"
        }
        let words =
            [objects] + lines
            + [Self.size(counts.bytes), "\(elapsed / 1000).\(elapsed / 100 % 10) s", "\(Self.size(rate))/s"]
            + (isOver ? [] : Self.left(counts, elapsed: elapsed))
        return words.joined(separator: ", ")
    }

    /// The share that is done, and the estimated time for the rest at the average speed.
    private static func left(_ counts: RunCounts, elapsed: Int) -> [String] {
        var share = counts.share
        if share == nil, let total = counts.totalObjects, total > 0 {
            share = Double(counts.objects) / Double(total)
        }
        guard let share else { return [] }
        let part = min(max(share, 0), 1)
        let percent = "\(Int(part * 100))%"
        guard part >= 0.01, elapsed >= estimatedFrom else { return [percent] }
        let seconds = Int(Double(elapsed) / 1000 * (1 - part) / part)
        return [percent, time(seconds) + " left"]
    }

    /// `45 s`, `3 min 20 s`, `2 h 5 min`
    private static func time(_ seconds: Int) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func size(_ bytes: Int) -> String {
        let units: [(String, Int)] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        for (unit, factor) in units where bytes >= factor {
            // Truncated to tenths, so that the value is never overstated.
            return "\(bytes / factor).\(bytes % factor * 10 / factor) \(unit)"
        }
        return "\(bytes) B"
    }
}
