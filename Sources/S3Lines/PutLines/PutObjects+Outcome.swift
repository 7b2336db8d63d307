import ByteIO
import Codec
import S3Core

/// The results of objects.
extension PutObjects {
    /// The memory of a receipt that waits for earlier ones, besides its key; in bytes.
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

    /// The next receipt to write, if any.
    func nextReceipt() -> PutReceipt? {
        guard let receipt = receipts.next() else { return nil }
        memory.change(by: -(receipt.key.count + Self.receiptOverhead))
        return receipt
    }

    /// Whether the next receipt must not be written: the lines of an earlier object are neither stored nor rejected, so
    /// that the sum of the lines would not tell where to resume.
    var withholdsReceipts: Bool { receipts.hasGap && options.rejectPath == nil }

    /// Fails an object because of a local error.
    func fail(_ draft: PutDraft, _ error: S3Error) {
        giveUp(draft, error)
        failed(draft, error)
    }

    /// Gives up the object's multipart upload, if it has one; this calls `failed`.
    private func giveUp(_ draft: PutDraft, _ error: S3Error) {
        guard let transfer = draft.transfer else { return }
        perform(transfer.upload.giveUp(error), draft, transfer)
    }

    /// Records that the object will not be stored.
    func failed(_ draft: PutDraft, _ error: S3Error) {
        guard !draft.hasFailed else { return }
        endFilter(draft)
        // The spool holds all of it.
        if case .again = draft.state { draft.body = ByteBlock(capacity: 0) }
        draft.state = .failed
        let digest = KeyDigest(draft.key)
        if outcomes.keepsRejects, !failedKeys.contains(digest) { failedKeys.insert(digest) }
        outcomes.failed(draft, error)
        // Of an open object only complete records are rejected.
        if !draft.isOpen || draft.openRecordBytes == 0 && outcomes.keepsRejects { reject(draft) }
    }

    /// Whether an object of this key failed: if so, later records of the key overwrite nothing.
    func hasFailed(_ key: [UInt8]) -> Bool { failedKeys.count > 0 && failedKeys.contains(KeyDigest(key)) }

    /// Ends an object whose last record is not known when the run ends.
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

    /// Rejects the records of a failed object.
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

    /// Continues to write rejected records to the file.
    func writeRejects() {
        outcomes.writeRejects()
        memory.change(by: -outcomes.takeFreedMemory())
    }
}
