import ByteIO

/// How far a run is, for people.
struct PutProgress {
    /// Objects that are stored and whose receipts are due.
    var objects = 0
    /// Records, or lines, that were read.
    var lines = 0
    /// Their data, in bytes, before compression.
    var bytes = 0

    private static let interval = 1000
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    private let start = MonotonicClock.milliseconds
    private var shownAt = MonotonicClock.milliseconds

    /// Milliseconds until it is to be shown again.
    var untilDue: Int { max(0, shownAt + Self.interval - MonotonicClock.milliseconds) }

    /// True once an interval has passed since the last time.
    mutating func isDue() -> Bool {
        guard untilDue == 0 else { return false }
        shownAt = MonotonicClock.milliseconds
        return true
    }

    /// `12 objects stored, 3400 lines read, 1.2 MiB, 0.4 MiB/s`
    var description: String {
        let elapsed = max(1, MonotonicClock.milliseconds - start)
        return
            "\(objects) object\(objects == 1 ? "" : "s") stored, \(lines) line\(lines == 1 ? "" : "s") read, \(Self.text(bytes)), "
            + "\(Self.text(bytes * 1000 / elapsed))/s"
    }

    private static func text(_ bytes: Int) -> String {
        var tenths = bytes.multipliedReportingOverflow(by: 10).partialValue
        var unit = 0
        while tenths >= 10_240, unit < units.count - 1 {
            tenths /= 1024
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
