import ByteIO

/// A file of the objects that standard output has taken completely: `KEY TAB ETAG` for each, in that order. Another
/// thread writes it, so that a slow disk holds up nothing.
final class DoneNotes {
    private let file: OpenFile
    private let thread: OutputThread
    private var lines = ByteBlock()
    /// Bytes that were taken, and those of them that the file has.
    private(set) var acceptedBytes = 0
    var writtenBytes: Int { thread.writtenBytes }

    /// - Parameters:
    ///   - path: appended to, and made if it is not there.
    ///   - wakeUp: called from another thread whenever something was written, or could not be.
    init(_ path: String, wakeUp: @escaping @Sendable () -> Void) throws(SystemError) {
        file = try .appending(path)
        thread = try OutputThread(descriptor: file.descriptor, name: path, progressed: wakeUp)
    }

    /// Why nothing more can be noted.
    var error: SystemError? { thread.error }

    /// Takes an object that is done.
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

    /// Hands over what was taken.
    func flush() {
        guard lines.count > 0 else { return }
        thread.append(lines)
        lines = ByteBlock()
    }

    /// Keeps what the file has, whatever happens to the machine; from any thread. Not every file can. Source: fsync(2).
    func sync() { _ = fsync(file.descriptor) }

    /// Waits until all that was noted is in the file.
    func finish() throws(SystemError) { try thread.finish() }
}

/// An object that standard output has taken completely.
struct DeliveredObject {
    /// Its number in line.
    let number: Int
    /// Relative to the location.
    let key: [UInt8]
    /// As it came; nil if the service gives none.
    let etag: [UInt8]?
}
