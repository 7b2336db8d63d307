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
    func canReplay(_ draft: PutDraft) -> Bool {
        (draft.spool != nil && !draft.isLost || draft.kept != nil) && draft.replays < Self.maximumReplays
            && run.stopReason == nil
    }

    // MARK: parts from memory

    /// A part was stored, and stays.
    func keepPart(_ part: Int, _ draft: PutDraft) {
        guard draft.failure == nil, draft.kept != nil, let body = draft.parts.removeValue(forKey: part) else {
            return
        }
        if draft.kept?.isEmpty == true { keepers.append(draft) }
        draft.kept?[part] = body
        heldParts -= 1
    }

    /// Gives the memory of an object's kept parts to others. It cannot be sent once more.
    func dropKept(_ draft: PutDraft) {
        guard let kept = draft.kept else { return }
        draft.kept = nil
        for body in kept.values { memory.change(by: -body.capacity) }
        keepers.removeAll { $0 === draft }
    }

    /// Makes kept parts parts that are about to be sent, whose memory no one else can have.
    func holdKept(_ draft: PutDraft) {
        guard let kept = draft.kept else { return }
        draft.kept = [:]
        draft.parts = kept
        heldParts += kept.count
        keepers.removeAll { $0 === draft }
    }

    private func sendHeld(_ draft: PutDraft) {
        var upload = PutUpload()
        let actions = draft.parts.keys.sorted().flatMap { _ in upload.addPart().actions } + upload.finish()
        draft.upload = upload
        perform(actions, draft)
    }

    // MARK: parts from the spool

    /// Puts an object in line that has nothing on its way, and nothing in memory but what was kept.
    func beginReplay(_ draft: PutDraft) {
        draft.replays += 1
        guard draft.spool != nil else { return sendHeld(draft) }
        draft.replayedBytes = 0
        draft.upload = nil
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
            guard let offset = draft.replayedBytes else {
                replays.removeFirst()
                continue
            }
            guard admission(queued: queued) != .wait else { return }
            do {
                guard let chunk = try draft.spool?.read(at: offset) else {
                    endReplay(draft)
                    continue
                }
                draft.replayedBytes = offset + chunk.count
                store(chunk.bytes, in: draft)
            } catch {
                draft.isLost = true
                failed(draft, S3Error(.refused, "its parts cannot be sent again: \(error)"))
                stop(.system(error))
            }
        }
    }

    private func endReplay(_ draft: PutDraft) {
        if draft.body.count > 0 { cutPart(draft) }
        draft.replayedBytes = nil
        recharge(draft)
        perform(draft.upload?.finish() ?? [], draft)
    }
}
