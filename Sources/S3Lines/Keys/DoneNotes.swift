import ByteIO

/// A file of the objects that standard output has taken completely: `KEY TAB ETAG` for each, in that order. Another
/// thread writes it, so that a slow disk holds up nothing.
final class DoneNotes {
    private let file: OpenFile
    private let thread: OutputThread
    /// The lines of objects that are not out yet, and up to where they reach in the output.
    private var waiting = Queue<(end: Int, line: [UInt8])>()

    /// - Parameters:
    ///   - path: appended to, and made if it is not there.
    ///   - wakeUp: called from another thread whenever something was written, or could not be.
    init(_ path: String, wakeUp: @escaping @Sendable () -> Void) throws(SystemError) {
        file = try .appending(path)
        thread = try OutputThread(descriptor: file.descriptor, name: path, progressed: wakeUp)
    }

    /// True if nothing waits for standard output.
    var isEmpty: Bool { waiting.isEmpty }

    /// Why nothing more can be noted.
    var error: SystemError? { thread.error }

    /// An object whose last byte is the output's byte before `end`.
    ///
    /// - Parameter etag: as it came; nil if the service gives none.
    func append(key: [UInt8], etag: [UInt8]?, end: Int) {
        var line: [UInt8] = []
        KeyEscaping.escape(key.bytes, into: &line)
        line.append(UInt8(ascii: "\t"))
        line += etag ?? []
        line.append(UInt8(ascii: "\n"))
        waiting.append((end, line))
    }

    /// Standard output has taken so many bytes.
    func note(upTo written: Int) {
        guard let first = waiting.first, first.end <= written else { return }
        let block = ByteBlock()
        while let next = waiting.first, next.end <= written {
            block.append(next.line.bytes)
            _ = waiting.popFirst()
        }
        thread.append(block)
    }

    /// Waits until all that was noted is in the file.
    func finish() throws(SystemError) { try thread.finish() }
}
