import ByteIO
import S3Core

/// Uploads that are sent again because the service dropped the parts on completion: another conditional
/// request for the key was in progress. The result of that request now decides about this object. Source:
/// Amazon S3 User Guide, "Prevent object overwrites with conditional writes".
///
/// If records can be rejected, the parts come from the spool; otherwise from memory, if there was room to
/// keep them.
extension PutObjects {
    private static var maximumReplays: Int { 3 }

    /// Whether all parts of an object can be sent again.
    func canReplay(_ draft: PutDraft, _ transfer: PutTransfer) -> Bool {
        let isThere = draft.canBeReadAgain || transfer.kept != nil
        return isThere && transfer.replays < Self.maximumReplays && !outcomes.hasStopped
    }

    // MARK: parts from memory

    /// Keeps a stored part in memory.
    func keepPart(_ number: Int, of transfer: PutTransfer) {
        guard transfer.kept != nil, let part = transfer.parts.removeValue(forKey: number) else { return }
        if transfer.kept?.isEmpty == true { keepers.append(transfer) }
        transfer.kept?[number] = part.body
        heldParts -= 1
    }

    /// Frees the kept parts. Their object can no longer be sent again.
    func dropKept(_ transfer: PutTransfer) {
        guard let kept = transfer.kept.take() else { return }
        for body in kept.values { memory.change(by: -body.capacity) }
        keepers.removeAll { $0 === transfer }
    }

    /// Turns the kept parts into parts waiting to be sent, so that their memory cannot be reclaimed.
    func holdKept(_ transfer: PutTransfer) {
        guard let kept = transfer.kept else { return }
        transfer.kept = [:]
        transfer.parts = kept.mapValues { PutTransfer.Part(body: $0) }
        heldParts += kept.count
        keepers.removeAll { $0 === transfer }
    }

    private func sendHeld(_ draft: PutDraft, _ held: PutTransfer, in transfer: PutTransfer) {
        draft.state = .inParts(transfer)
        let bodies = held.parts.sorted { $0.key < $1.key }.map(\.value.body)
        held.parts = [:]
        let actions = bodies.flatMap { transfer.add($0).actions } + transfer.upload.finish()
        perform(actions, draft, transfer)
    }

    // MARK: parts from the spool

    /// Queues an object to be sent again. It has no requests in flight and nothing in memory but its kept
    /// parts.
    func beginReplay(_ draft: PutDraft, _ dropped: PutTransfer) {
        let transfer = PutTransfer(keepsParts: options.keepsParts, replays: dropped.replays + 1)
        guard draft.canBeReadAgain else { return sendHeld(draft, dropped, in: transfer) }
        draft.state = .again(transfer, taken: 0)
        draft.size = 0
        draft.partSize = plan.size(of: 1) ?? 0
        replays.append(draft)
    }

    /// Reads parts from the spools as far as memory allows. This has priority over input, because receipts
    /// wait for these objects.
    ///
    /// If memory is full and nothing is in flight, a part is read nevertheless: no other step can free
    /// memory.
    ///
    /// - Parameter queued: bytes of receipts that are not written to standard output yet.
    func replay(queued: Int) {
        while let draft = replays.first {
            guard case .again(let transfer, let taken) = draft.state, case .spool(let spool) = draft.copy
            else {
                _ = replays.popFirst()
                continue
            }
            guard admission(queued: queued) != .wait else { return }
            do {
                guard let chunk = try spool.read(at: taken) else {
                    endReplay(draft, transfer)
                    continue
                }
                draft.state = .again(transfer, taken: taken + chunk.count)
                store(chunk.bytes, in: draft)
            } catch {
                draft.copy = .lost
                fail(draft, S3Error(.refused, "its parts cannot be sent again: \(error)"))
                outcomes.stop(.system(error))
            }
        }
    }

    private func endReplay(_ draft: PutDraft, _ transfer: PutTransfer) {
        if draft.body.count > 0 { cutPart(draft) }
        draft.state = .inParts(transfer)
        recharge(draft)
        perform(transfer.upload.finish(), draft, transfer)
    }
}
