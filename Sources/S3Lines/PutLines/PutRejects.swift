import ByteIO
import Codec

/// The file of `--reject`: records that were not stored, as they came, so that the file is an input.
struct PutRejects: ~Copyable {
    private var file: RejectFile

    init(_ path: String) throws(SystemError) { file = try RejectFile(path) }

    /// Takes away what a write that failed has left of a record: it would look like a whole one.
    func removeTornRecord() { file.removeTornLine() }

    /// Appends bytes of a line that is no record; its newline is among them.
    mutating func append(_ bytes: RawSpan) throws(SystemError) { try file.append(bytes) }

    /// Appends the whole records of an object that is not stored.
    mutating func append(_ draft: PutDraft) throws(SystemError) {
        var field: [UInt8] = []
        let key = draft.key
        KeyEscaping.escape(key.bytes, into: &field)
        field.append(0x09)
        var lines = PutRejectedLines(field: field, bytesLeft: draft.recordBytes)
        let decoder = draft.isCompressed ? Decoder(.gzip) : nil
        let plain = ByteBlock(capacity: draft.isCompressed ? PutSpool.chunkSize : 0)

        func write(_ stored: RawSpan) throws(SystemError) {
            guard let decoder else { return try lines.append(stored, to: &file) }
            var rest = stored
            repeat {
                plain.removeAll()
                // What was compressed here a moment ago is sound.
                let used =
                    (try? decoder.decode(rest, into: plain, room: PutSpool.chunkSize)) ?? rest.byteCount
                rest = rest.extracting(droppingFirst: used)
                try lines.append(plain.bytes, to: &file)
            } while rest.byteCount > 0 || plain.count == PutSpool.chunkSize
        }

        if let spool = draft.spool {
            var offset = 0
            while let chunk = try spool.read(at: offset) {
                offset += chunk.count
                try write(chunk.bytes)
            }
        }
        let body = draft.body
        try write(body.bytes)
    }

    mutating func flush() throws(SystemError) { try file.flush() }
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

    mutating func append(_ bytes: RawSpan, to file: inout RejectFile) throws(SystemError) {
        var rest = bytes.extracting(first: min(bytes.byteCount, bytesLeft))
        bytesLeft -= rest.byteCount
        while rest.byteCount > 0 {
            let field = field
            if isAtLineStart { try file.append(field.bytes) }
            let newline = rest.firstIndex(of: 0x0A)
            let end = newline.map { $0 + 1 } ?? rest.byteCount
            try file.append(rest.extracting(first: end))
            rest = rest.extracting(droppingFirst: end)
            isAtLineStart = newline != nil
        }
    }
}
