import ByteIO

/// A file that lists the objects that standard output has taken completely, in order: `KEY TAB ETAG` each.
/// Another thread writes it, so that a slow disk delays nothing.
final class DoneNotes {
    private let path: String
    private let file: OpenFile
    private let thread: OutputThread
    private var lines = ByteBlock()
    /// Bytes accepted, and those of them that are in the file.
    private(set) var acceptedBytes = 0
    var writtenBytes: Int { thread.writtenBytes }

    /// - Parameters:
    ///   - path: appended to, and created if it does not exist.
    ///   - wakeUp: called from another thread whenever something was written or failed.
    init(_ path: String, wakeUp: @escaping @Sendable () -> Void) throws(SystemError) {
        self.path = path
        file = try .appending(path)
        thread = try OutputThread(descriptor: file.descriptor, name: path, progressed: wakeUp)
    }

    /// The error that prevents further notes.
    var error: SystemError? { thread.error }

    /// Adds an object that is done.
    func append(_ object: DeliveredObject) {
        var line: [UInt8] = []
        let key = object.key
        KeyEscaping.escape(key.bytes, into: &line)
        line.append(UInt8(ascii: "\t"))
        line += object.etag ?? []
        line.append(UInt8(ascii: "\n"))
        lines.append(line.bytes)
        acceptedBytes += line.count
    }

    /// Passes the gathered notes to the thread.
    func flush() {
        guard lines.count > 0 else { return }
        thread.append(lines)
        lines = ByteBlock()
    }

    /// Makes the notes in the file durable, from any thread.
    func sync() throws(SystemError) { try syncIfPossible(file.descriptor, name: path) }

    /// Waits until all notes are in the file.
    func finish() throws(SystemError) { try thread.finish() }
}

/// An object that standard output has taken completely.
struct DeliveredObject {
    /// Its number in input order.
    let number: Int
    /// Relative to the location.
    let key: [UInt8]
    /// As the service sent it; nil if it sends none.
    let etag: [UInt8]?
}
