import ByteIO

/// How far a run has come: one line on standard error that is written over, and a summary at the end.
package struct RunProgress {
    private let tool: String
    /// Whether anything is shown while the run goes on.
    package let isShown: Bool
    private let start = MonotonicClock.milliseconds
    private var lastShown = 0
    private var isOnScreen = false

    /// How often the line is renewed, in milliseconds.
    package static let interval = 500

    /// - Parameters:
    ///   - tool: the name that the line starts with.
    ///   - isShown: whether the line is wanted.
    package init(tool: String, isShown: Bool) {
        self.tool = tool
        self.isShown = isShown
        lastShown = start
    }

    /// Renews the line if it is time.
    package mutating func show(objects: Int, bytes: Int) {
        guard isShown else { return }
        let now = MonotonicClock.milliseconds
        guard now - lastShown >= Self.interval else { return }
        lastShown = now
        isOnScreen = true
        write("\r\(tool): \(summary(objects: objects, bytes: bytes))\u{1B}[K")
    }

    /// Takes the line away, so that something else can be written.
    package mutating func clear() {
        guard isOnScreen else { return }
        isOnScreen = false
        write("\r\u{1B}[K")
    }

    /// `1200 objects, 34.5 MiB, 2.1 s, 16.4 MiB/s`
    package func summary(objects: Int, bytes: Int) -> String {
        let milliseconds = max(1, MonotonicClock.milliseconds - start)
        let rate = Int(Double(bytes) / Double(milliseconds) * 1000)
        return "\(objects) \(objects == 1 ? "object" : "objects"), \(Self.size(bytes)), "
            + "\(milliseconds / 1000).\(milliseconds / 100 % 10) s, \(Self.size(rate))/s"
    }

    private static func size(_ bytes: Int) -> String {
        let units: [(String, Int)] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        for (unit, factor) in units where bytes >= factor {
            let tenths = bytes / (factor / 10)
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) B"
    }

    private func write(_ text: String) { try? writeAll(text, to: STDERR_FILENO, name: "standard error") }
}
