import ByteIO
import S3Core

/// Multipart uploads.
extension PutObjects {
    /// Sends the gathered bytes as the next part.
    func cutPart(_ draft: PutDraft) {
        let transfer: PutTransfer
        switch draft.state {
        case .gathered:
            keep(draft)
            transfer = PutTransfer(keepsParts: options.keepsParts)
            draft.state = .inParts(transfer)
        case .inParts(let begun):
            keep(draft)
            transfer = begun
        // The spool holds all of it.
        case .again(let begun, _): transfer = begun
        case .failed:
            keep(draft)
            return draft.body.removeAll()
        case .sent: return
        }
        let body = draft.body
        memory.change(by: body.capacity)
        heldParts += 1
        partWindow.added(held: heldParts)
        let (number, actions) = transfer.add(body)
        draft.partSize = plan.size(of: number + 1) ?? 0
        headroom = max(headroom, draft.partSize)
        // A single open object gets a whole part's buffer at once; one of many may stay small.
        let isAlone = options.maxOpen == 1 && draft.isOpen
        draft.body = ByteBlock(capacity: isAlone ? draft.partSize : 256)
        perform(actions, draft, transfer)
    }

    /// Copies the gathered bytes to the spool if they are the records' own.
    private func keep(_ draft: PutDraft) {
        if outcomes.keepsRejects, draft.source == nil { keep(draft.body, of: draft) }
    }

    /// Copies bytes to the spool, from where they can be rejected.
    func keep(_ bytes: ByteBlock, of draft: PutDraft) {
        do {
            let spool: PutSpool
            switch draft.copy {
            case .lost: return
            case .spool(let begun): spool = begun
            case .none:
                spool =
                    if let first = firstSpool.take() { first } else {
                        try PutSpool(directory: options.temporaryDirectory)
                    }
                draft.copy = .spool(spool)
            }
            try spool.append(bytes.bytes)
        } catch {
            draft.copy = .lost
            outcomes.stop(.system(error))
        }
    }

    func perform(_ actions: [PutUpload.Action], _ draft: PutDraft, _ transfer: PutTransfer) {
        for action in actions { perform(action, draft, transfer) }
    }

    private func perform(_ action: PutUpload.Action, _ draft: PutDraft, _ transfer: PutTransfer) {
        switch action {
        case .create:
            transfer.cancelCreation = store.create(draft.objectKey) { [self] result in
                transfer.cancelCreation = nil
                perform(transfer.upload.created(result), draft, transfer)
            }
        case .upload(let number, let id):
            guard let body = transfer.parts[number]?.body else { return }
            let cancel = store.upload(draft.objectKey, id: id, part: number, body) { [self] result in
                if case .success = result {
                    partWindow.stored(bytes: body.count, now: MonotonicClock.milliseconds)
                    if !draft.hasFailed { keepPart(number, of: transfer) }
                }
                releasePart(number, of: transfer)
                perform(transfer.upload.ended(part: number, result), draft, transfer)
            }
            transfer.parts[number]?.cancel = cancel
        case .cancelRequests: transfer.cancelRequests()
        case .complete(let id, let parts):
            store.complete(draft.objectKey, id: id, parts: parts, size: draft.size) { [self] result in
                let canReplay = canReplay(draft, transfer)
                if canReplay, case .failure = result { holdKept(transfer) }
                perform(
                    transfer.upload.completed(result, canStartAgain: canReplay), draft, transfer)
            }
        case .abort(let id):
            store.abort(draft.objectKey, id: id) { [self] error in
                perform(transfer.upload.aborted(error), draft, transfer)
            }
        case .stored(let etag):
            dropKept(transfer)
            stored(draft, etag)
        case .failed(let error):
            dropKept(transfer)
            for (number, part) in transfer.parts where part.cancel == nil {
                releasePart(number, of: transfer)
            }
            failed(draft, error)
        case .startAgain: beginReplay(draft, transfer)
        case .orphaned(let id, let error): outcomes.orphaned(draft, upload: id, error)
        }
    }

    private func releasePart(_ number: Int, of transfer: PutTransfer) {
        guard let part = transfer.parts.removeValue(forKey: number) else { return }
        memory.change(by: -part.body.capacity)
        heldParts -= 1
    }
}
