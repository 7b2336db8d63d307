import ByteIO
import Codec

/// Writes the records that were not stored to the file of `--reject`, in input form, so that the file can be
/// used as input.
///
/// An object that was sent in parts may be many GiB. It is copied in steps, so that transfers, timeouts and
/// signals are handled meanwhile. Further rejected records wait in a queue, and an object waits while a line
/// that arrives in pieces is incomplete.
struct PutRejects: ~Copyable {
    private enum Entry {
        case object(PutRejected)
        case line([UInt8])
    }

    private var file: RejectFile
    private var waiting = Queue<Entry>()
    private var copy: PutRejectedCopy?
    /// Whether the last piece of an invalid line is still missing.
    private var isMidLine = false
    /// The labels of the objects that were copied since the last flush, and the number of lines.
    private var unflushed: [String] = []
    private var unflushedLines = 0

    /// The number of pieces copied per step: 1 MiB in all.
    private static let piecesInStep = 4

    init(_ path: String) throws(SystemError) { file = try RejectFile(path) }

    /// Whether `step` has work to do. While it has, only complete lines may be appended.
    var isUnderWay: Bool { copy != nil || (!isMidLine && !waiting.isEmpty) }

    /// The objects that are not copied completely.
    var uncopied: [PutRejected] {
        let objects = waiting.elements.compactMap { if case .object(let object) = $0 { object } else { nil } }
        return (copy.map { [$0.object] } ?? []) + objects
    }

    /// The labels of the objects whose records may be missing in the file, and the number of such lines of others.
    var unwritten: (labels: [String], lines: Int) {
        let objects = uncopied
        let waitingLines = waiting.elements.count - objects.count + (copy == nil ? 0 : 1)
        return (unflushed + objects.map(\.label), unflushedLines + waitingLines + (isMidLine ? 1 : 0))
    }

    /// Adds bytes of an invalid line, without its newline.
    mutating func append(_ bytes: RawSpan, endsLine: Bool) throws(SystemError) {
        guard !isUnderWay else {
            precondition(endsLine)
            return waiting.append(.line(bytes.array))
        }
        // Counted first: if this fails, the line is missing.
        isMidLine = !endsLine
        if endsLine { unflushedLines += 1 }
        try file.append(bytes)
        if endsLine { try file.append(0x0A) }
    }

    /// Adds the complete records of an object that was not stored.
    mutating func append(_ object: PutRejected) { waiting.append(.object(object)) }

    /// Copies up to about 1 MiB of the waiting records.
    ///
    /// - Returns: the memory of the copied objects, in bytes.
    mutating func step() throws(SystemError) -> Int {
        var released = 0
        for _ in 0..<Self.piecesInStep {
            guard try beginCopy() else { break }
            guard try copy?.step(into: &file) == false else { continue }
            if let object = copy?.object {
                released += object.memory
                unflushed.append(object.label)
            }
            copy = nil
        }
        return released
    }

    /// - Returns: false if there is nothing to copy.
    private mutating func beginCopy() throws(SystemError) -> Bool {
        while copy == nil {
            guard !isMidLine, let entry = waiting.popFirst() else { return false }
            switch entry {
            case .object(let object): copy = PutRejectedCopy(object)
            case .line(let line):
                unflushedLines += 1
                try file.append(line.bytes)
                try file.append(0x0A)
            }
        }
        return true
    }

    mutating func flush() throws(SystemError) {
        try file.flush()
        unflushed.removeAll()
        unflushedLines = 0
    }
}

/// An object that was not stored, with its bytes in stored form.
struct PutRejected {
    /// The label in messages.
    let label: String
    /// Relative to the location.
    let key: [UInt8]
    /// Bytes of complete records before compression; bytes after them belong to an incomplete record.
    let recordBytes: Int
    /// How its bytes are compressed; nil if they are not.
    let compression: Compression?
    /// The bytes sent in parts, and then the rest.
    let spool: PutSpool?
    let body: ByteBlock

    /// The memory it holds, in bytes.
    var memory: Int { body.capacity }
}

/// Copies one object to the file, piece by piece.
struct PutRejectedCopy {
    let object: PutRejected
    private var lines: PutRejectedLines
    private let decoder: Decoder?
    private let plain: ByteBlock
    /// The last piece read, and how much of it was used.
    private var piece: [UInt8] = []
    private var used = 0
    /// The bytes read from the spool and from the body.
    private var spoolOffset = 0
    private var bodyOffset = 0
    /// Whether the decoder may have more output without more input.
    private var isFull = false

    private static let pieceSize = PutSpool.chunkSize

    init(_ object: PutRejected) {
        self.object = object
        var field: [UInt8] = []
        let key = object.key
        KeyEscaping.escape(key.bytes, into: &field)
        field.append(0x09)
        lines = PutRejectedLines(field: field, bytesLeft: object.recordBytes)
        decoder = object.compression.map { Decoder($0.format) }
        plain = ByteBlock(capacity: decoder != nil ? Self.pieceSize : 0)
    }

    /// Copies a piece.
    ///
    /// - Returns: false once everything is copied.
    mutating func step(into file: inout RejectFile) throws(SystemError) -> Bool {
        if used == piece.count, !isFull {
            guard let next = try nextPiece() else { return false }
            piece = next
            used = 0
        }
        let (piece, plain) = (piece, plain)
        let rest = piece.bytes.extracting(droppingFirst: used)
        if let decoder {
            plain.removeAll()
            // This process compressed the data, so decoding cannot fail.
            used += (try? decoder.decode(rest, into: plain, room: Self.pieceSize)) ?? rest.byteCount
            isFull = plain.count == Self.pieceSize
            try lines.append(plain.bytes, to: &file)
        } else {
            used = piece.count
            try lines.append(rest, to: &file)
        }
        return lines.bytesLeft > 0
    }

    private mutating func nextPiece() throws(SystemError) -> [UInt8]? {
        if let chunk = try object.spool?.read(at: spoolOffset) {
            spoolOffset += chunk.count
            return chunk
        }
        let body = object.body
        let count = min(Self.pieceSize, body.count - bodyOffset)
        guard count > 0 else { return nil }
        defer { bodyOffset += count }
        return body.bytes.extracting(bodyOffset..<bodyOffset + count).array
    }
}

/// Puts the key before each line of an object.
private struct PutRejectedLines {
    private let field: [UInt8]
    /// The bytes of complete records that are still to be written.
    private(set) var bytesLeft: Int
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
