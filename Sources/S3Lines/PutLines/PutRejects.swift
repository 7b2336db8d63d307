import ByteIO
import Codec

/// Records that were not stored, on their way to the file of `--reject`: as they came, so that the file is an input.
///
/// An object that was sent in parts may be many GiB. It is copied in steps, so that transfers, time limits and signals
/// do not stand still meanwhile; what is rejected until then waits in line, and so does an object where a line that
/// comes in pieces is not at its end.
struct PutRejects: ~Copyable {
    private enum Entry {
        case object(PutRejected)
        case line([UInt8])
    }

    private var file: RejectFile
    private var waiting = Queue<Entry>()
    private var copy: PutRejectedCopy?
    /// The last piece of a line that is no record has not come.
    private var isMidLine = false

    /// How many pieces of an object one step copies: a mebibyte in all.
    private static let piecesInStep = 4

    init(_ path: String) throws(SystemError) { file = try RejectFile(path) }

    /// Whether there is something for `step` to do. As long as that is so, only whole lines may be added.
    var isUnderWay: Bool { copy != nil || (!isMidLine && !waiting.isEmpty) }

    /// The objects whose records are not all in the file.
    var unwritten: [PutRejected] {
        let objects = waiting.elements.compactMap { if case .object(let object) = $0 { object } else { nil } }
        return (copy.map { [$0.object] } ?? []) + objects
    }

    /// Adds bytes of a line that is no record, without its newline.
    mutating func append(_ bytes: RawSpan, endsLine: Bool) throws(SystemError) {
        guard !isUnderWay else {
            precondition(endsLine)
            return waiting.append(.line(bytes.array))
        }
        try file.append(bytes)
        if endsLine { try file.append(0x0A) }
        isMidLine = !endsLine
    }

    /// Adds the whole records of an object that is not stored.
    mutating func append(_ object: PutRejected) { waiting.append(.object(object)) }

    /// Copies more of what waits, up to a mebibyte or so.
    ///
    /// - Returns: the memory of objects that were copied, in bytes.
    mutating func step() throws(SystemError) -> Int {
        var released = 0
        for _ in 0..<Self.piecesInStep {
            guard try beginCopy() else { break }
            guard try copy?.step(into: &file) == false else { continue }
            released += copy?.object.memory ?? 0
            copy = nil
        }
        return released
    }

    /// - Returns: false if there is nothing to be copied.
    private mutating func beginCopy() throws(SystemError) -> Bool {
        while copy == nil {
            guard !isMidLine, let entry = waiting.popFirst() else { return false }
            switch entry {
            case .object(let object): copy = PutRejectedCopy(object)
            case .line(let line):
                try file.append(line.bytes)
                try file.append(0x0A)
            }
        }
        return true
    }

    mutating func flush() throws(SystemError) { try file.flush() }
}

/// An object that is not stored, with its bytes as they were to be.
struct PutRejected {
    /// As messages name it.
    let label: String
    /// Relative to the location.
    let key: [UInt8]
    /// Bytes of whole records, before compression; what follows them is one that was not read to its end.
    let recordBytes: Int
    /// How its bytes are compressed; nil if they are not.
    let compression: Compression?
    /// What was sent in parts, and what follows it.
    let spool: PutSpool?
    let body: ByteBlock

    /// What it keeps, in bytes.
    var memory: Int { body.capacity }
}

/// One object's way into the file, piece by piece.
struct PutRejectedCopy {
    let object: PutRejected
    private var lines: PutRejectedLines
    private let decoder: Decoder?
    private let plain: ByteBlock
    /// What was read of the object last, and how much of it was used.
    private var piece: [UInt8] = []
    private var used = 0
    /// How much was read of the spool, and of the body.
    private var spoolOffset = 0
    private var bodyOffset = 0
    /// The decoder may have more to give without more input.
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
    /// - Returns: false once all of it was copied.
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
            // What was compressed here a moment ago is sound.
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
    /// Bytes of whole records that were not appended.
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
