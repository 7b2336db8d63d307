/// The file of `--reject`: rejected input is appended to it unchanged.
///
/// The existing content may end with an incomplete line, and a full disk may truncate a line. In both cases
/// other lines are kept separate.
package struct RejectFile: ~Copyable {
    private let file: OpenFile
    private var writer: BlockWriter
    /// The same file opened for reading, to see how it ends; nil if it is not a readable regular file.
    private let content: FileContent?
    /// Its size before this run.
    private let sizeBefore: Int
    /// True until the last existing line is known to be complete.
    private var endsOldLine: Bool
    /// True while the last byte written in this run is not LF.
    private var isInLine = false

    /// The number of bytes read at once.
    private static let blockSize = 64 << 10

    /// Opens the file; creates it if it does not exist.
    package init(_ path: String) throws(SystemError) {
        file = try OpenFile.appending(path)
        writer = BlockWriter(descriptor: file.descriptor, name: path)
        content = Self.content(path, of: file.descriptor)
        sizeBefore = Self.size(of: file.descriptor)
        endsOldLine =
            if sizeBefore > 0, let content { content.bytes(at: sizeBefore - 1, 1) != [0x0A] } else { false }
    }

    private static func content(_ path: String, of descriptor: CInt) -> FileContent? {
        guard let identity = FileIdentity(descriptor: descriptor), FileIdentity(path: path) == identity,
            let file = try? OpenFile.reading(path)
        else { return nil }
        return FileContent(file)
    }

    private static func size(of descriptor: CInt) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return 0 }
        return Int(status.st_size)
    }

    /// Appends bytes unchanged.
    package mutating func append(_ bytes: RawSpan) throws(SystemError) {
        guard bytes.byteCount > 0 else { return }
        do {
            if endsOldLine { try writer.append(0x0A) }
            endsOldLine = false
            try writer.append(bytes)
        } catch {
            try removeTornLine(after: error)
            throw error
        }
        isInLine = bytes[bytes.byteCount - 1] != 0x0A
    }

    /// Appends one byte.
    package mutating func append(_ byte: UInt8) throws(SystemError) {
        let byte: [UInt8] = [byte]
        try append(byte.bytes)
    }

    /// Completes the last line with LF if necessary.
    package mutating func endLine() throws(SystemError) {
        if isInLine { try append(0x0A) }
    }

    /// Writes the buffered bytes.
    package mutating func flush() throws(SystemError) {
        do { try writer.flush() } catch {
            try removeTornLine(after: error)
            throw error
        }
    }

    /// Removes the incomplete line that a failed write has left: it would look like a complete one.
    ///
    /// - Throws: the same error; it says so if the line cannot be removed.
    private func removeTornLine(after error: SystemError) throws(SystemError) {
        let size = Self.size(of: file.descriptor)
        guard let content, size > sizeBefore else { return }
        var end = size
        while end > sizeBefore {
            let start = max(sizeBefore, end - Self.blockSize)
            let block = content.bytes(at: start, end - start)
            guard block.count == end - start else { return }
            if let newline = block.bytes.lastIndex(of: 0x0A) {
                end = start + newline + 1
                break
            }
            end = start
        }
        if end < size, ftruncate(file.descriptor, off_t(end)) != 0 {
            throw SystemError("\(error.subject) (its last line is torn)", code: error.code)
        }
    }
}

/// Reads the content of a file.
private final class FileContent {
    private let file: OpenFile

    init(_ file: consuming OpenFile) { self.file = file }

    /// Up to `count` bytes from `offset` on. Source: pread(2).
    func bytes(at offset: Int, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let found = unsafe pread(file.descriptor, &bytes, count, off_t(offset))
        return Array(bytes.prefix(max(0, found)))
    }
}
