/// The file of `--reject`: input that was refused, as it came, after what the file holds already.
///
/// What it holds may end within a line, and a full disk may end within one: neither line gets others glued to it.
package struct RejectFile: ~Copyable {
    private let file: OpenFile
    private var writer: BlockWriter
    /// The same file where it is a regular one that may be read: how it ends can be seen.
    private let content: FileContent?
    /// Its bytes before this run's.
    private let sizeBefore: Int
    /// True until the last line of what was there before is known to have its end.
    private var endsOldLine: Bool
    /// True while the last byte of this run is no LF.
    private var isInLine = false

    /// How much of the file is looked at in one go.
    private static let blockSize = 64 << 10

    /// Opens the file, and makes it if there is none.
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
            let file = try? OpenFile.readingRegularFile(path)
        else { return nil }
        return FileContent(file)
    }

    private static func size(of descriptor: CInt) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return 0 }
        return Int(status.st_size)
    }

    /// Appends bytes as they are.
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

    /// Ends the last line, if it has no end.
    package mutating func endLine() throws(SystemError) {
        if isInLine { try append(0x0A) }
    }

    /// Writes what was gathered.
    package mutating func flush() throws(SystemError) {
        do { try writer.flush() } catch {
            try removeTornLine(after: error)
            throw error
        }
    }

    /// Takes away what a write that failed has left of a line: it would look like a whole one.
    ///
    /// - Throws: the same error, saying so, if it cannot be taken away.
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

/// What is in a file.
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
