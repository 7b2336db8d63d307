import ByteIO
import S3Core

/// Objects that are piped through a command.
///
/// The command's output does not show its input, so if records may be rejected, a copy of the input is kept
/// as well.
extension PutObjects {
    /// The waiting bytes after which an open object's command may start, and the output bytes taken per turn.
    private var filterSize: Int { min(256 << 10, options.memory / 64) }
    /// The input bytes kept in memory before they are copied to the spool.
    private var sourceSize: Int { min(1 << 20, options.memory / 64) }

    /// Prepares the filter of an object if the run has a command.
    func beginFilter(of draft: PutDraft) {
        guard let commands else { return }
        draft.filter = PutFilter(commands, label: Diagnostics.printable(draft.key), key: draft.objectKey)
        if outcomes.keepsRejects { draft.source = ByteBlock() }
    }

    /// Appends bytes to the input of an object's command.
    func filter(_ bytes: RawSpan, of draft: PutDraft, _ filter: PutFilter) {
        keepSource(bytes, of: draft)
        filter.append(bytes)
        recharge(draft)
        if filter.command == nil, filter.waitingBytes >= filterSize { filters.hasMuch(draft) }
    }

    /// Keeps a copy of the input.
    func keepSource(_ bytes: RawSpan, of draft: PutDraft) {
        guard let source = draft.source else { return }
        source.append(bytes)
        guard source.count >= sourceSize else { return }
        keep(source, of: draft)
        source.removeAll()
    }

    /// Ends the filter's input once the last record is known.
    func finishFilter(_ draft: PutDraft, _ filter: PutFilter) {
        filter.finish()
        filters.isComplete(draft)
        recharge(draft)
    }

    /// Whether commands are running or waiting to start.
    var isFiltering: Bool { !filters.isEmpty }

    /// Fails the objects whose commands have not ended.
    func failFiltered(_ reason: String) {
        for draft in filters.all { fail(draft, S3Error(.refused, reason)) }
    }

    // MARK: turns

    /// Gathers the output of the commands and starts the next ones.
    ///
    /// - Returns: whether a command ended or started, which makes room for input.
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
        // Gathering fails the object if it becomes too large.
        for slice in filter.takeOutput() where draft.filter === filter { gather(slice.bytes, in: draft) }
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

    /// Gathers the output of a command, unless its object has failed.
    private func gather(_ bytes: RawSpan, in draft: PutDraft) {
        var rest = bytes
        while rest.byteCount > 0 {
            let count = makeRoom(for: rest.byteCount, in: draft)
            // The object fails if no further part is allowed.
            guard !draft.hasFailed else { return }
            draft.body.append(rest.extracting(first: count))
            gathered(count, in: draft)
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Makes room by starting the command of the open object with the most waiting data.
    func relieveFilters() -> Bool { filters.nextOfOpen().map(begin) ?? false }

    /// - Returns: false if no command can be started now.
    private func begin(_ draft: PutDraft) -> Bool {
        do throws(SystemError) { try draft.filter?.begin() } catch {
            if error.isShortage, filters.putBack(draft) { return false }
            fail(draft, S3Error(.refused, "the command cannot be started: \(error)"))
            return true
        }
        recharge(draft)
        return true
    }

    /// Limits what commands may write in this turn. If memory is full, only requests may free it. If there
    /// are none, the first command that proceeds without more input may write: its output is sent as soon as
    /// it fills a part or ends.
    private func limitFiltered() {
        let isFull = memory.isFull(queued: 0, headroom: headroom)
        var mayWrite = heldParts < partWindow.limit && (!isFull || store.pending == 0)
        for draft in filters.running {
            guard let filter = draft.filter else { continue }
            filter.limitOutput(mayWrite ? filterSize : 0)
            if isFull && filter.isBusy { mayWrite = false }
        }
    }

    /// Ends and removes the command of an object.
    func endFilter(_ draft: PutDraft) {
        guard let filter = draft.filter else { return }
        draft.filter = nil
        filters.remove(draft)
        filter.end()
    }
}
