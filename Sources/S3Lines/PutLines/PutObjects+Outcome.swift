import ByteIO
import Codec
import S3Core

/// What becomes of objects.
extension PutObjects {
    /// What a receipt that waits for another takes besides its key.
    private static var receiptOverhead: Int { 192 }

    func stored(_ draft: PutDraft, _ etag: [UInt8]) {
        guard case .complete(let number) = draft.records else { return }
        draft.copy = .none
        draft.source = nil
        charge(draft, 0)
        memory.change(by: draft.key.count + Self.receiptOverhead)
        receipts.confirmed(
            number, PutReceipt(key: draft.key, etag: etag, bytes: draft.size, lines: draft.lines))
    }

    /// The next receipt that is due, if there is one.
    func nextReceipt() -> PutReceipt? {
        guard let receipt = receipts.next() else { return nil }
        memory.change(by: -(receipt.key.count + Self.receiptOverhead))
        return receipt
    }

    /// Gives up an object for what is wrong with it here.
    func fail(_ draft: PutDraft, _ error: S3Error) {
        giveUp(draft, error)
        failed(draft, error)
    }

    /// Gives up the upload of an object, if it has one; that tells `failed`.
    private func giveUp(_ draft: PutDraft, _ error: S3Error) {
        guard let transfer = draft.transfer else { return }
        perform(transfer.upload.giveUp(error), draft, transfer)
    }

    /// The object will not be stored.
    func failed(_ draft: PutDraft, _ error: S3Error) {
        guard !draft.hasFailed else { return }
        endFilter(draft)
        // All of it is in the spool.
        if case .again = draft.state { draft.body = ByteBlock(capacity: 0) }
        draft.state = .failed
        let digest = KeyDigest(draft.key)
        if outcomes.keepsRejects, !failedKeys.contains(digest) { failedKeys.insert(digest) }
        outcomes.failed(draft, error)
        // Of an open object's records only whole ones are rejected.
        if !draft.isOpen || draft.openRecordBytes == 0 && outcomes.keepsRejects { reject(draft) }
    }

    /// Whether an object of this key failed, so that nothing is overwritten where it comes again.
    func hasFailed(_ key: [UInt8]) -> Bool { failedKeys.count > 0 && failedKeys.contains(KeyDigest(key)) }

    /// The run ends before the object's last record is known.
    func abandon(_ draft: PutDraft) {
        if !draft.hasFailed {
            let error = S3Error(.cancelled, "the run ended before the object was complete")
            let transfer = draft.transfer
            draft.state = .failed
            outcomes.abandoned(draft, error)
            if let transfer { perform(transfer.upload.giveUp(error), draft, transfer) }
        }
        draft.records = .complete(receipt: receipts.expect())
        reject(draft)
    }

    /// Writes the records of an object that failed and of which no more are to come.
    func reject(_ draft: PutDraft) {
        if case .complete(let number) = draft.records { receipts.failed(number) }
        endEncoding(draft)
        endFilter(draft)
        var spool: PutSpool?
        var isLost = !outcomes.keepsRejects
        switch draft.copy {
        case .none: break
        case .spool(let copy): spool = copy
        case .lost: isLost = true
        }
        if isLost, options.rejectPath != nil, draft.lines > 0 {
            outcomes.lost(draft.label)
        } else if draft.recordBytes > 0 {
            let object = PutRejected(
                label: draft.label, key: draft.key, recordBytes: draft.recordBytes,
                compression: draft.encoder?.compression, spool: spool, body: draft.source ?? draft.body)
            if outcomes.reject(object) { memory.change(by: object.memory) }
        }
        draft.startOver(partSize: plan.size(of: 1) ?? 0)
        charge(draft, draft.isOpen ? PutDraft.overhead : 0)
    }

    /// Writes what was rejected out to the file, or some of it, if it is much.
    func writeRejects() {
        outcomes.writeRejects()
        memory.change(by: -outcomes.takeFreedMemory())
    }
}
