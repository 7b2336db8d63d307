import ByteIO
import S3Core

/// Objects that are sent once more, because the service dropped the upload of their parts when it was about to be
/// completed: another conditional request for the key was under way. What comes of that one decides then about
/// this one. Source: Amazon S3 User Guide, "Prevent object overwrites with conditional writes".
///
/// The parts come from the spool, where records can be rejected, else from memory, as far as that had room for them.
extension PutObjects {
    private static var maximumReplays: Int { 3 }

    /// Whether all parts of an object can be sent again.
    func canReplay(_ draft: PutDraft, _ transfer: PutTransfer) -> Bool {
        let isThere = draft.canBeReadAgain || transfer.kept != nil
        return isThere && transfer.replays < Self.maximumReplays && !outcomes.hasStopped
    }

    // MARK: parts from memory

    /// A part was stored, and stays.
    func keepPart(_ number: Int, of transfer: PutTransfer) {
        guard transfer.kept != nil, let part = transfer.parts.removeValue(forKey: number) else { return }
        if transfer.kept?.isEmpty == true { keepers.append(transfer) }
        transfer.kept?[number] = part.body
        heldParts -= 1
    }

    /// Gives the memory of kept parts to others. Their object cannot be sent once more.
    func dropKept(_ transfer: PutTransfer) {
        guard let kept = transfer.kept.take() else { return }
        for body in kept.values { memory.change(by: -body.capacity) }
        keepers.removeAll { $0 === transfer }
    }

    /// Makes kept parts parts that are about to be sent, whose memory no one else can have.
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

    /// Puts an object in line that has nothing on its way, and nothing in memory but what was kept.
    func beginReplay(_ draft: PutDraft, _ dropped: PutTransfer) {
        let transfer = PutTransfer(keepsParts: options.keepsParts, replays: dropped.replays + 1)
        guard draft.canBeReadAgain else { return sendHeld(draft, dropped, in: transfer) }
        draft.state = .again(transfer, taken: 0)
        draft.size = 0
        draft.partSize = plan.size(of: 1) ?? 0
        replays.append(draft)
    }

    /// Takes what memory allows of the spools. Goes before all input: receipts wait for these objects.
    ///
    /// Where memory is full of what waits and nothing is under way, a part is taken nevertheless: only so it
    /// becomes free again.
    ///
    /// - Parameter queued: bytes of receipts that stdout's reader has not taken.
    func replay(queued: Int) {
        while let draft = replays.first {
            guard case .again(let transfer, let taken) = draft.state, case .spool(let spool) = draft.copy
            else {
                replays.removeFirst()
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
