import ByteIO

/// The message about a skipped invalid value: the error, and how much was skipped.
struct SkipReport {
    private let message: String
    private var bytes = 0
    private var newlines = 0
    private var endsLine = true

    init(_ message: String) { self.message = message }

    /// Counts skipped bytes.
    mutating func count(_ skipped: RawSpan) {
        guard skipped.byteCount > 0 else { return }
        bytes += skipped.byteCount
        newlines += skipped.count(of: 0x0A)
        endsLine = skipped[skipped.byteCount - 1] == 0x0A
    }
}

extension SkipReport: CustomStringConvertible {
    /// `...; skipped 12 bytes, 2 lines`, including a partly skipped line.
    var description: String {
        let lines = newlines + (endsLine ? 0 : 1)
        return
            "\(message); skipped \(bytes) byte\(bytes == 1 ? "" : "s"), \(lines) line\(lines == 1 ? "" : "s")"
    }
}
