import ByteIO
import S3Core

/// Keyed records: splits each line into key and data, and appends the data to the key's object.
final class PutRecords<Store: PutStore> {
    private static var tab: UInt8 { 0x09 }
    private static var newline: [UInt8] { [0x0A] }
    /// Longer lines are handled in pieces, so that memory need not hold them.
    private static var longestWholeLine: Int { 256 << 10 }

    private let options: PutOptions
    private let objects: PutObjects<Store>
    private let outcomes: PutOutcomes
    private var grouping: PutGrouping
    private var open: [PutDraft?] = []
    /// The escaped key of the last record, and its draft: the next record usually has the same key.
    private var lastField: [UInt8] = []
    private var lastDraft: PutDraft?
    /// The number of lines taken, including the long line in progress.
    private(set) var line = 0
    /// Whether objects were completed early to free memory.
    private var hasCompletedEarly = false
    private var longLine = PutLongLine<PutDraft>()
    /// Nil without a commit line.
    private var hold: PutCommitHold?

    init(_ options: PutOptions, _ objects: PutObjects<Store>) {
        self.options = options
        self.objects = objects
        outcomes = objects.outcomes
        hold = options.commitLine.map { PutCommitHold(line: $0, maxOpen: options.maxOpen) }
        grouping = PutGrouping(maxOpen: options.maxOpen, each: options.each)
    }

    // MARK: input

    /// Takes the next record, or a piece of a long one.
    ///
    /// - Parameter takesUnterminated: whether the last line may lack its newline. With a commit line only
    ///   that line may: any other was cut off when its producer died, and must not even close an object.
    /// - Returns: false if more input is needed.
    func takeNext(_ reader: inout LineReader, takesUnterminated: Bool) -> Bool {
        if reader.isAtEnd, !takesUnterminated || hold != nil,
            reader.unread.firstIndex(of: 0x0A) == nil, !takesUnterminated || !isCommit(reader.unread)
        {
            return false
        }
        if longLine.isUnderWay { return takePiece(&reader) }
        if let record = reader.nextLine() {
            line += 1
            take(record)
            return true
        }
        guard reader.unread.byteCount > Self.longestWholeLine else { return false }
        line += 1
        let used = beginLongLine(reader.unread)
        reader.consume(used)
        return true
    }

    /// Ends the input, which has ended or is not read further.
    ///
    /// - Parameter unterminated: whether an incomplete line is left that must not count as complete.
    func end(unterminated: Bool) {
        if unterminated || longLine.isUnderWay {
            outcomes.unterminated(line: longLine.isUnderWay ? line : line + 1)
        }
        switch longLine.end() {
        case .append(let draft): removeOpenRecord(draft)
        case .reject: endRejectedLine()
        case .ignore, nil: break
        }
        if hold != nil {
            guard !unterminated, let closing = hold?.end(lastField: lastField) else {
                let wanted = Diagnostics.printable(options.commitLine ?? [])
                outcomes.stop(
                    .malformed(
                        "the input ended after line \(line) without the line of --commit-on, '\(wanted)'"))
                return
            }
            place(closing)
        }
        for slot in grouping.closeAll() { complete(slot) }
    }

    /// Removes the incomplete last record. Its object keeps the earlier records if their bytes are still
    /// separate.
    private func removeOpenRecord(_ draft: PutDraft) {
        if objects.removeOpenRecord(draft), draft.recordBytes > 0 || draft.hasFailed, !options.each {
            return
        }
        for slot in open.indices where open[slot] === draft { open[slot] = nil }
        if draft === lastDraft { lastDraft = nil }
        objects.abandon(draft)
    }

    private func endRejectedLine() {
        let nothing: [UInt8] = []
        outcomes.reject(nothing.bytes, endsLine: true)
    }

    /// Abandons all open objects. Rejects the unread input up to the last complete line.
    ///
    /// - Parameter takesUnterminated: whether the last line may lack its newline.
    func abandon(_ reader: inout LineReader, takesUnterminated: Bool) {
        let whole = endLongLine(&reader)
        lastDraft = nil
        for slot in grouping.closeAll() {
            guard let draft = open[slot] else { continue }
            open[slot] = nil
            objects.abandon(draft)
        }
        if let whole { objects.abandon(whole) }
        for held in hold?.release() ?? [] {
            let record = held.record
            outcomes.reject(record.bytes, endsLine: true)
        }
        guard outcomes.keepsRejects else { return }
        while let newline = reader.unread.firstIndex(of: 0x0A) {
            line += 1
            outcomes.reject(reader.unread.extracting(first: newline), endsLine: true)
            reader.consume(newline + 1)
        }
        let rest = reader.unread.byteCount
        if takesUnterminated, hold == nil, reader.isAtEnd, rest > 0 {
            line += 1
            outcomes.reject(reader.unread, endsLine: true)
            reader.consume(rest)
        }
    }

    /// Takes the rest of a long line if it is in the buffer.
    ///
    /// - Returns: the line's object, if it is not among the open ones.
    private func endLongLine(_ reader: inout LineReader) -> PutDraft? {
        let newline = reader.unread.firstIndex(of: 0x0A)
        let length = newline ?? reader.unread.byteCount
        switch longLine.end() {
        case .append(let draft):
            let isWanted = outcomes.keepsRejects
            if isWanted, newline != nil {
                objects.append(reader.unread.extracting(first: length), to: draft)
                objects.append(Self.newline.bytes, to: draft)
                objects.endRecords(draft)
                reader.consume(length + 1)
            } else if isWanted {
                outcomes.cutOff(line: line)
            }
            return open.contains { $0 === draft } ? nil : draft
        case .reject:
            outcomes.reject(reader.unread.extracting(first: length), endsLine: true)
            reader.consume(newline == nil ? length : length + 1)
            return nil
        case .ignore, nil: return nil
        }
    }

    /// Makes room if open objects fill the memory: sends an object that is large enough for a part, else
    /// completes the least recently used ones, several at once to keep connections busy.
    ///
    /// - Returns: false if nothing can be sent.
    func relieve() -> Bool {
        if objects.relieve(open.compactMap { $0 }) { return true }
        // The object of the line in progress is the most recently used one.
        let candidates = grouping.openCount - (longLine.object == nil ? 0 : 1)
        guard candidates > 0 else { return false }
        for _ in 0..<max(1, min(objects.store.connections, candidates / 8)) {
            if let slot = grouping.closeOldest() { complete(slot) }
        }
        hasCompletedEarly = true
        return true
    }

    // MARK: records

    private func take(_ record: RawSpan) {
        switch hold?.take(record, line: line) {
        case nil: place(record)
        case .hold(let released): place(released)
        case .place(let released):
            place(released)
            place(record)
        }
    }

    /// Whether `bytes` are a record whose data is the commit line.
    private func isCommit(_ bytes: RawSpan) -> Bool {
        !longLine.isUnderWay && hold?.isCommit(bytes) == true
    }

    /// Places held records that are data after all.
    private func place(_ records: [PutCommitHold.Held]) {
        guard !records.isEmpty else { return }
        let current = line
        for held in records {
            line = held.line
            let record = held.record
            place(record.bytes)
        }
        line = current
    }

    private func place(_ record: RawSpan) {
        guard let tab = record.firstIndex(of: Self.tab) else { return close(record) }
        let data = record.extracting(droppingFirst: tab + 1)
        do throws(MalformedRecord) {
            switch try target(record.extracting(first: tab), capacity: data.byteCount + 1) {
            case .open(let draft): appendRecord(data, to: draft)
            case .whole(let draft):
                appendRecord(data, to: draft)
                objects.complete(draft)
            case .rejected: outcomes.reject(record, endsLine: true)
            }
        } catch {
            malformed(record, error)
        }
    }

    private func appendRecord(_ data: RawSpan, to draft: PutDraft) {
        objects.append(data, to: draft)
        objects.append(Self.newline.bytes, to: draft)
        objects.endRecords(draft)
    }

    private enum Target {
        case open(PutDraft)
        case whole(PutDraft)
        /// The record cannot be stored: its object has failed, or the run is stopping.
        case rejected
    }

    /// Finds the object for the data of a record with this escaped key.
    private func target(_ field: RawSpan, capacity: Int) throws(MalformedRecord) -> Target {
        if let draft = lastDraft, field.equals(lastField) { return .open(draft) }
        let key = try Self.key(field)
        let objectKey: [UInt8]
        do { objectKey = try options.location.objectKey(key) } catch {
            throw MalformedRecord(error.description)
        }
        switch grouping.record(KeyDigest(key)) {
        case .append(let slot):
            guard let draft = open[slot] else { return .rejected }
            lastField = field.array
            lastDraft = draft
            return .open(draft)
        case .open(let slot, let evicted):
            if let evicted { complete(evicted) }
            let draft = objects.begin(key, objectKey, line: line, capacity: capacity)
            if slot == open.count { open.append(draft) } else { open[slot] = draft }
            lastField = field.array
            lastDraft = draft
            return .open(draft)
        case .whole:
            return .whole(objects.begin(key, objectKey, line: line, capacity: capacity))
        case .comesAgain(let evicted):
            if let evicted { complete(evicted) }
            guard !objects.hasFailed(key) else { return .rejected }
            let early =
                hasCompletedEarly
                ? "; objects were completed early to stay within --memory: raise it, or lower --max-open"
                : ""
            outcomes.stop(
                .malformed(
                    "line \(line): \(Diagnostics.printable(key)): the key appears again after its object was "
                        + "completed, and would overwrite it" + early))
            return .rejected
        }
    }

    private func close(_ field: RawSpan) {
        do throws(MalformedRecord) {
            let key = try Self.key(field)
            switch grouping.close(KeyDigest(key)) {
            case .complete(let slot): complete(slot)
            case .ignore: break
            case .neverOpened:
                throw MalformedRecord(
                    "expected KEY TAB DATA, found no TAB in '\(Diagnostics.excerpt(key, limit: 80))'; s3-keygen gives "
                        + "each line a key; with the operand KEY, all of the input is one object")
            }
        } catch {
            malformed(field, error)
        }
    }

    private func complete(_ slot: PutGrouping.Slot) {
        guard let draft = open[slot] else { return }
        open[slot] = nil
        if draft === lastDraft { lastDraft = nil }
        objects.complete(draft)
    }

    private static func key(_ field: RawSpan) throws(MalformedRecord) -> [UInt8] {
        var key: [UInt8] = []
        do { try KeyEscaping.unescape(field, into: &key) } catch {
            throw MalformedRecord(error.description)
        }
        return key
    }

    private func malformed(_ record: RawSpan, _ error: MalformedRecord) {
        if outcomes.malformed(line: line, error.description) { outcomes.reject(record, endsLine: true) }
    }

    // MARK: lines longer than memory should hold

    /// Takes the start of a line whose end is not in the buffer.
    ///
    /// - Returns: the number of bytes used.
    private func beginLongLine(_ bytes: RawSpan) -> Int {
        place(hold?.release() ?? [])
        do throws(MalformedRecord) {
            guard let tab = PutLongLine<PutDraft>.keyLength(bytes) else {
                throw MalformedRecord(
                    "expected KEY TAB DATA, found no TAB within \(KeySelection.longestEscapedField) bytes; s3-keygen "
                        + "gives each line a key; with the operand KEY, all of the input is one object")
            }
            switch try target(bytes.extracting(first: tab), capacity: bytes.byteCount) {
            case .open(let draft), .whole(let draft): longLine.begin(.append(draft))
            case .rejected:
                longLine.begin(outcomes.keepsRejects ? .reject : .ignore)
                return 0
            }
            return tab + 1
        } catch {
            longLine.begin(outcomes.malformed(line: line, error.description) ? .reject : .ignore)
            return 0
        }
    }

    /// Takes the next piece of a long line.
    ///
    /// - Returns: false if more input is needed.
    private func takePiece(_ reader: inout LineReader) -> Bool {
        guard let piece = longLine.next(reader.unread, isLast: reader.isAtEnd) else { return false }
        take(piece, reader.unread.extracting(first: piece.count))
        reader.consume(piece.used)
        return true
    }

    private func take(_ piece: PutLongLine<PutDraft>.Piece, _ bytes: RawSpan) {
        switch piece.fate {
        case .append(let draft):
            objects.append(bytes, to: draft)
            if piece.endsLine {
                objects.append(Self.newline.bytes, to: draft)
                objects.endRecords(draft)
                if options.each { objects.complete(draft) }
            }
        case .reject: outcomes.reject(bytes, endsLine: piece.endsLine)
        case .ignore: break
        }
    }
}

/// Why a record is invalid.
private struct MalformedRecord: Error {
    let description: String
    init(_ description: String) { self.description = description }
}
