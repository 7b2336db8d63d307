import ByteIO
import S3Core

/// Objects that pass through a command on their way.
///
/// What comes out says nothing of what went in: where records may have to be rejected, they are kept as they came,
/// beside what is stored.
extension PutObjects {
    /// From so many bytes on an open object's command may begin, and so many of its output are taken in a turn.
    private var filterSize: Int { min(256 << 10, options.memory / 64) }
    /// Records that are kept in memory, before they are copied to a spool.
    private var sourceSize: Int { min(1 << 20, options.memory / 64) }

    /// Lets an object pass through a command, if the run has one.
    func beginFilter(of draft: PutDraft) {
        guard let commands else { return }
        draft.filter = PutFilter(commands, label: Diagnostics.printable(draft.key), key: draft.objectKey)
        if outcomes.keepsRejects { draft.source = ByteBlock() }
    }

    /// Bytes for an object's command.
    func filter(_ bytes: RawSpan, of draft: PutDraft, _ filter: PutFilter) {
        keepSource(bytes, of: draft)
        filter.append(bytes)
        if filter.command == nil, filter.waitingBytes >= filterSize { filters.hasMuch(draft) }
    }

    /// Keeps bytes as they came.
    func keepSource(_ bytes: RawSpan, of draft: PutDraft) {
        guard let source = draft.source else { return }
        source.append(bytes)
        guard source.count >= sourceSize else { return }
        keep(source, of: draft)
        source.removeAll()
    }

    /// The last record of an object is known.
    func finishFilter(_ draft: PutDraft, _ filter: PutFilter) {
        filter.finish()
        filters.isComplete(draft)
        recharge(draft)
    }

    /// Whether commands run or are to run.
    var isFiltering: Bool { !filters.all.isEmpty }

    /// Fails the objects whose commands have not ended.
    func failFiltered(_ reason: String) {
        for draft in filters.all { fail(draft, S3Error(.refused, reason)) }
    }

    // MARK: turns

    /// Gathers what commands have written, and begins those that may.
    ///
    /// - Returns: whether one has ended or begun, which makes room for input.
    @discardableResult func takeFiltered() -> Bool {
        guard commands != nil else { return false }
        var hasChanged = false
        for draft in filters.running {
            guard let filter = draft.filter else { continue }
            take(from: filter, of: draft)
            if draft.filter == nil { hasChanged = true }
        }
        while let draft = filters.next(), begin(draft) { hasChanged = true }
        limitFiltered()
        return hasChanged
    }

    private func take(from filter: PutFilter, of draft: PutDraft) {
        filter.give()
        for slice in filter.takeOutput() { gather(slice.bytes, in: draft) }
        // What came out may have been too much.
        guard draft.filter === filter else { return }
        recharge(draft)
        switch filter.outcome {
        case .failure(let text): fail(draft, S3Error(.refused, text))
        case .success where filter.isFinished:
            endFilter(draft)
            send(draft)
        case .success, nil: break
        }
    }

    /// Gathers what a command has written, unless its object has failed.
    private func gather(_ bytes: RawSpan, in draft: PutDraft) {
        var rest = bytes
        while rest.byteCount > 0 {
            let count = makeRoom(for: rest.byteCount, in: draft)
            // There may be no part for it.
            guard !draft.hasFailed else { return }
            draft.body.append(rest.extracting(first: count))
            gathered(count, in: draft)
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Makes room by beginning the command of the largest object that waits for more.
    func relieveFilters() -> Bool { filters.nextOfOpen().map(begin) ?? false }

    /// - Returns: false if none can be started now.
    private func begin(_ draft: PutDraft) -> Bool {
        do throws(SystemError) { try draft.filter?.begin() } catch {
            if error.isShortage, filters.putBack(draft) { return false }
            fail(draft, S3Error(.refused, "the command cannot be started: \(error)"))
        }
        recharge(draft)
        return true
    }

    /// Decides how much commands may write meanwhile. Where memory is full, requests make room; if there are none, the
    /// first command that goes on without more input does: what it writes is sent as soon as it is a part, or all.
    private func limitFiltered() {
        let isFull = memory.isFull(queued: 0, headroom: headroom)
        var mayWrite = heldParts < partWindow.limit && (!isFull || store.pending == 0)
        for draft in filters.running {
            guard let filter = draft.filter else { continue }
            filter.limitOutput(mayWrite ? filterSize : 0)
            if isFull && filter.isBusy { mayWrite = false }
        }
    }

    /// Nothing more passes through the command.
    func endFilter(_ draft: PutDraft) {
        guard let filter = draft.filter else { return }
        draft.filter = nil
        filters.remove(draft)
        filter.end()
    }
}
