import ByteIO

/// Standard input as one object, byte for byte.
final class PutStream<Store: PutStore> {
    private let objects: PutObjects<Store>
    private var draft: PutDraft?
    private var tail: PutCommitTail?
    private var endsWithNewline = true

    init(_ options: PutOptions, key: [UInt8], objectKey: [UInt8], _ objects: PutObjects<Store>) {
        self.objects = objects
        draft = objects.begin(key, objectKey, line: 1, capacity: 4096)
        tail = options.commitLine.map { PutCommitTail(line: $0) }
    }

    /// Takes the bytes in the buffer.
    ///
    /// - Returns: false if more input is needed.
    func takeNext(_ reader: inout LineReader) -> Bool {
        let used = take(reader.unread)
        reader.consume(used)
        return used > 0
    }

    private func take(_ bytes: RawSpan) -> Int {
        if tail == nil { append(bytes) } else { tail?.take(bytes) { append($0) } }
        return bytes.byteCount
    }

    private func append(_ bytes: RawSpan) {
        guard let draft, bytes.byteCount > 0 else { return }
        objects.append(bytes, to: draft)
        objects.endRecords(draft, lines: bytes.count(of: 0x0A))
        endsWithNewline = bytes[bytes.byteCount - 1] == 0x0A
    }

    /// Ends the input.
    func end() {
        let isCommitted = tail == nil || (tail?.end { append($0) } ?? true)
        guard let draft else { return }
        guard isCommitted else {
            objects.outcomes.stop(.malformed("the input ended without the line of --commit-on"))
            return
        }
        if !endsWithNewline { objects.endRecords(draft) }
        self.draft = nil
        objects.complete(draft)
    }

    /// Abandons the object.
    func abandon() {
        guard let draft else { return }
        self.draft = nil
        objects.abandon(draft)
    }

    /// Makes room if the object fills the memory.
    func relieve() -> Bool { objects.relieve(draft.map { [$0] } ?? []) }
}
