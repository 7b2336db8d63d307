import ByteIO
import Codec

/// The file of `--reject`: records that were not stored, as they came, so that the file is an input.
struct PutRejects: ~Copyable {
    private let file: OpenFile
    private var writer: BlockWriter
    /// The same file where it is a regular one that may be read: what ends within a record can be mended.
    private let content: Content?
    /// Its bytes before this run's.
    private let sizeBefore: Int

    init(_ path: String) throws(SystemError) {
        file = try OpenFile.appending(path)
        writer = BlockWriter(descriptor: file.descriptor, name: path)
        content = Self.content(path, of: file.descriptor)
        sizeBefore = Self.size(of: file.descriptor)
        if sizeBefore > 0, let last = content?.byte(at: sizeBefore - 1), last != 0x0A {
            // Only gathered, which cannot fail.
            try? writer.append(0x0A)
        }
    }

    private static func content(_ path: String, of descriptor: CInt) -> Content? {
        guard isRegularFile(path, openAs: descriptor), let file = try? OpenFile.readingRegularFile(path)
        else {
            return nil
        }
        return Content(file)
    }

    /// Takes away what a write that failed has left of a record: it would look like a whole one.
    mutating func removeTornRecord() {
        let size = Self.size(of: file.descriptor)
        var end = size
        while end > sizeBefore, let last = content?.byte(at: end - 1), last != 0x0A { end -= 1 }
        if end < size { _ = ftruncate(file.descriptor, off_t(end)) }
    }

    private static func size(of descriptor: CInt) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return 0 }
        return Int(status.st_size)
    }

    /// Appends bytes of a line that is no record; its newline is among them.
    mutating func append(_ bytes: RawSpan) throws(SystemError) { try writer.append(bytes) }

    /// Appends the whole records of an object that is not stored.
    mutating func append(_ draft: PutDraft) throws(SystemError) {
        var field: [UInt8] = []
        let key = draft.key
        KeyEscaping.escape(key.bytes, into: &field)
        field.append(0x09)
        var lines = PutRejectedLines(field: field, bytesLeft: draft.recordBytes)
        var decoder = draft.isCompressed ? GzipDecoder() : nil
        let plain = ByteBlock(capacity: draft.isCompressed ? PutSpool.chunkSize : 0)

        func write(_ stored: RawSpan, _ decoder: inout GzipDecoder?) throws(SystemError) {
            guard decoder != nil else { return try lines.append(stored, to: &writer) }
            var rest = stored
            repeat {
                plain.removeAll()
                // What was compressed here a moment ago is sound.
                let used =
                    (try? decoder?.decode(rest, into: plain, room: PutSpool.chunkSize)) ?? rest.byteCount
                rest = rest.extracting(droppingFirst: used)
                try lines.append(plain.bytes, to: &writer)
            } while rest.byteCount > 0 || plain.count == PutSpool.chunkSize
        }

        if let spool = draft.spool {
            var offset = 0
            while let chunk = try spool.read(at: offset) {
                offset += chunk.count
                try write(chunk.bytes, &decoder)
            }
        }
        let body = draft.body
        try write(body.bytes, &decoder)
    }

    mutating func flush() throws(SystemError) { try writer.flush() }
}

/// What is in a file.
private final class Content {
    private let file: OpenFile

    init(_ file: consuming OpenFile) { self.file = file }

    func byte(at offset: Int) -> UInt8? {
        var byte: UInt8 = 0
        return unsafe pread(file.descriptor, &byte, 1, off_t(offset)) == 1 ? byte : nil
    }
}

/// Puts the key before each line of an object.
private struct PutRejectedLines {
    private let field: [UInt8]
    /// Bytes of whole records; what follows them is one that was not read to its end.
    private var bytesLeft: Int
    private var isAtLineStart = true

    init(field: [UInt8], bytesLeft: Int) {
        self.field = field
        self.bytesLeft = bytesLeft
    }

    mutating func append(_ bytes: RawSpan, to writer: inout BlockWriter) throws(SystemError) {
        var rest = bytes.extracting(first: min(bytes.byteCount, bytesLeft))
        bytesLeft -= rest.byteCount
        while rest.byteCount > 0 {
            let field = field
            if isAtLineStart { try writer.append(field.bytes) }
            let newline = rest.firstIndex(of: 0x0A)
            let end = newline.map { $0 + 1 } ?? rest.byteCount
            try writer.append(rest.extracting(first: end))
            rest = rest.extracting(droppingFirst: end)
            isAtLineStart = newline != nil
        }
    }
}
