import ByteIO

/// A copy of sent parts in an unlinked temporary file, which disappears with the process, even if it crashes.
final class PutSpool {
    static let chunkSize = 256 << 10

    private let descriptor: CInt
    private let name: String

    /// - Parameter directory: the directory of the file, `TMPDIR` or `/tmp`.
    init(directory: String) throws(SystemError) {
        name = directory + "/s3-put-lines-XXXXXX"
        var path = name.utf8.map { CChar(bitPattern: $0) } + [0]
        descriptor = try restarting(directory) { unsafe mkstemp(&path) }
        // Otherwise the records would stay on disk after the run.
        _ = try restarting(name) { unsafe unlink(path) }
        _ = try restarting(directory) { fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    deinit { close(descriptor) }

    func append(_ bytes: RawSpan) throws(SystemError) {
        try writeAll(bytes, to: descriptor, name: name)
    }

    /// Reads up to one chunk at `offset`; nil at the end. Source: pread(2).
    func read(at offset: Int) throws(SystemError) -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
        let count = try restarting(name) { unsafe pread(descriptor, &chunk, chunk.count, off_t(offset)) }
        guard count > 0 else { return nil }
        chunk.removeLast(chunk.count - count)
        return chunk
    }
}
