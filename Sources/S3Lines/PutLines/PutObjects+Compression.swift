import ByteIO
import Codec

/// Objects that are compressed on their way.
extension PutObjects {
    /// What compresses an object, if anything does.
    func compressor(of draft: PutDraft) -> ObjectCompressor? {
        guard let compression = draft.compression else { return nil }
        if let compressor = draft.compressor { return compressor }
        // Where several objects are open, they are compressed beside each other.
        let workers =
            options.maxOpen > 1
            ? 0
            : ObjectCompressor.workers(
                compression, memory: options.memory / 2, processors: max(1, options.threads))
        let compressor = ObjectCompressor(compression, pool: pool, workers: workers) { [self] in
            deliver($0, to: draft)
        } ended: { [self] in
            draft.compressor = nil
            if draft.failure == nil { send(draft) }
        }
        draft.compressor = compressor
        return compressor
    }

    private func deliver(_ block: ByteBlock, to draft: PutDraft) {
        let hadFailed = draft.failure != nil
        draft.isDelivering = true
        store(block.bytes, in: draft)
        draft.isDelivering = false
        if !hadFailed, draft.failure != nil { rejectIfWhole(draft) }
    }

    /// What was appended is all gathered, where it is to be rejected; else it is not wanted.
    func endCompression(_ draft: PutDraft) {
        guard let compressor = draft.compressor else { return }
        draft.compressor = nil
        if rejects == nil { compressor.cancel() } else { compressor.finishNow() }
    }

    /// Goes on with what was compressed.
    func takeCompressed() { pool.handBack() }
}
