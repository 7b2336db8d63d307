/// What a run has done so far, and what is known of all that it is to do.
package struct RunCounts: Equatable, Sendable {
    /// Objects that are stored, or written out.
    package var objects = 0
    /// Lines that were read; nil where no one counts them.
    package var lines: Int?
    /// Bytes of the data, before compression or after decompression.
    package var bytes = 0
    /// How many objects there are in all; nil until that is known.
    package var totalObjects: Int?
    /// How much of all the work is done, from 0 to 1; nil until that is known.
    package var share: Double?

    package init(objects: Int = 0, lines: Int? = nil, bytes: Int = 0) {
        self.objects = objects
        self.lines = lines
        self.bytes = bytes
    }
}

/// How far a run is, for people. A plain state machine: counts and times in, text for standard error out.
///
/// Times are those of the monotonic clock, in milliseconds.
package struct RunProgress: Sendable {
    package enum Display: Equatable, Sendable {
        case none
        /// One line that is written over and taken away at the end: for a terminal.
        case line
        /// A line of its own each time, and a last one at the end: for a file or a pipe.
        case lines

        /// How long what is shown stays as it is, in milliseconds.
        fileprivate var interval: Int { self == .line ? 500 : 5000 }
    }

    /// Takes away what the line of the cursor shows from there on. Source: ECMA-48, EL.
    package static let erasing = "\u{1B}[K"

    private let tool: String
    private let display: Display
    private let start: Int
    private var due: Int
    private var isOnScreen = false

    /// How long a run has to last, in milliseconds, for its time to say how much is left.
    private static let estimatedFrom = 2000

    /// - Parameter tool: the name that each line starts with.
    package init(tool: String, display: Display, start: Int) {
        self.tool = tool
        self.display = display
        self.start = start
        due = start + display.interval
    }

    /// How long it is until `show` has something new, in milliseconds; nil if it never has.
    package func untilDue(now: Int) -> Int? { display == .none ? nil : max(0, due - now) }

    /// - Parameter columns: how many characters a line of the terminal has; nil if nothing may be shown there now. What
    ///   is not shown on a terminal has no such limit.
    /// - Returns: what is to be written, if it is time.
    package mutating func show(_ counts: RunCounts, now: Int, columns: Int? = .max) -> String? {
        guard display != .none, now >= due else { return nil }
        due = now + display.interval
        guard let columns else { return clear() }
        let text = "\(tool): \(summary(counts, now: now, isOver: false))"
        guard display == .line else { return text + "\n" }
        isOnScreen = true
        // The cursor goes back to the start: what another process writes then begins where a line does. A character in
        // the last column would wrap the line.
        return "\r\(text.prefix(max(0, columns - 1)))\(Self.erasing)\r"
    }

    /// Something else is to be written.
    ///
    /// - Returns: what takes the line away before, if there is one.
    package mutating func clear() -> String? {
        guard isOnScreen else { return nil }
        isOnScreen = false
        return "\r" + Self.erasing
    }

    /// The run is over.
    ///
    /// - Returns: what is to be written.
    package mutating func end(_ counts: RunCounts, now: Int) -> String? {
        display == .lines ? "\(tool): \(summary(counts, now: now))\n" : clear()
    }

    /// `12 objects, 3400 lines, 34.5 MiB, 2.1 s, 16.4 MiB/s`; before the end, where more is known:
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

    /// How much is done, and how long the rest takes if it goes on like that.
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
            // Tenths, cut off: nothing is more than it is.
            return "\(bytes / factor).\(bytes % factor * 10 / factor) \(unit)"
        }
        return "\(bytes) B"
    }
}
