import ByteIO
import S3Core

/// Objects that are sent once more from their spools, because the service dropped the upload of their parts when
/// it was about to be completed: another conditional request for the key was under way. What comes of that one
/// decides then about this one. Source: Amazon S3 User Guide, "Prevent object overwrites with conditional writes".
extension PutObjects {
    private static var maximumReplays: Int { 3 }

    /// Whether all parts of an object can be sent again.
    func canReplay(_ draft: PutDraft) -> Bool {
        draft.spool != nil && !draft.isLost && draft.replays < Self.maximumReplays && stopReason == nil
    }

    /// Puts an object in line that has nothing in memory and nothing on its way.
    func beginReplay(_ draft: PutDraft) {
        draft.replays += 1
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
