import ByteIO

/// What is said of an invalid value that is skipped: what is wrong, and how much was skipped for it.
struct SkipReport {
    private let message: String
    private var bytes = 0
    private var newlines = 0
    private var endsLine = true

    init(_ message: String) { self.message = message }

    /// Counts bytes that were skipped.
    mutating func count(_ skipped: RawSpan) {
        guard skipped.byteCount > 0 else { return }
        bytes += skipped.byteCount
        newlines += skipped.count(of: 0x0A)
        endsLine = skipped[skipped.byteCount - 1] == 0x0A
    }
}

extension SkipReport: CustomStringConvertible {
    /// `...; skipped 12 bytes, 2 lines`, the line included that was skipped in part.
    var description: String {
        let lines = newlines + (endsLine ? 0 : 1)
        return
            "\(message); skipped \(bytes) byte\(bytes == 1 ? "" : "s"), \(lines) line\(lines == 1 ? "" : "s")"
    }
}
