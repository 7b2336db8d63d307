/// What a run has done so far.
package struct RunCounts: Equatable, Sendable {
    /// Objects that are stored, or written out.
    package var objects = 0
    /// Lines that were read; nil where no one counts them.
    package var lines: Int?
    /// Bytes of the data, before compression or after decompression.
    package var bytes = 0

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

    private let tool: String
    private let display: Display
    private let start: Int
    private var due: Int
    private var isOnScreen = false

    /// - Parameter tool: the name that each line starts with.
    package init(tool: String, display: Display, start: Int) {
        self.tool = tool
        self.display = display
        self.start = start
        due = start + display.interval
    }

    /// How long it is until `show` has something new, in milliseconds; nil if it never has.
    package func untilDue(now: Int) -> Int? { display == .none ? nil : max(0, due - now) }

    /// - Returns: what is to be written, if it is time.
    package mutating func show(_ counts: RunCounts, now: Int) -> String? {
        guard display != .none, now >= due else { return nil }
        due = now + display.interval
        guard display == .line else { return line(counts, now: now) }
        isOnScreen = true
        return "\r\(tool): \(summary(counts, now: now))\u{1B}[K"
    }

    /// Something else is to be written.
    ///
    /// - Returns: what takes the line away before, if there is one.
    package mutating func clear() -> String? {
        guard isOnScreen else { return nil }
        isOnScreen = false
        return "\r\u{1B}[K"
    }

    /// The run is over.
    ///
    /// - Returns: what is to be written.
    package mutating func end(_ counts: RunCounts, now: Int) -> String? {
        display == .lines ? line(counts, now: now) : clear()
    }

    /// `12 objects, 3400 lines, 34.5 MiB, 2.1 s, 16.4 MiB/s`
    package func summary(_ counts: RunCounts, now: Int) -> String {
        let elapsed = max(1, now - start)
        let lines = counts.lines.map { [Self.count($0, "line")] } ?? []
        let rate = Int(Double(counts.bytes) * 1000 / Double(elapsed))
        let words =
            [Self.count(counts.objects, "object")] + lines
            + [Self.size(counts.bytes), "\(elapsed / 1000).\(elapsed / 100 % 10) s", "\(Self.size(rate))/s"]
        return words.joined(separator: ", ")
    }

    private func line(_ counts: RunCounts, now: Int) -> String {
        "\(tool): \(summary(counts, now: now))\n"
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
