import ByteIO
import Codec

/// Objects whose bytes are compressed before they are gathered.
extension PutObjects {
    /// What compresses an object, if anything does.
    func encoder(of draft: PutDraft) -> ObjectCompressor? {
        guard let compression = options.compression else { return nil }
        // Where several objects are open, they are compressed beside each other.
        let workers =
            options.maxOpen > 1
            ? 0
            : ObjectCompressor.workers(
                compression, memory: options.memory / 2, processors: max(1, options.threads))
        return ObjectCompressor(compression, pool: pool, workers: workers) { [self] in
            encoded.append(draft)
        }
    }

    /// Goes on with what was encoded.
    func takeEncoded() {
        pool.handBack()
        let drafts = encoded
        encoded.removeAll(keepingCapacity: true)
        for draft in drafts { takeEncoded(draft) }
    }

    /// Gathers what has come out of an object's encoder; all of it is sent once nothing more comes.
    func takeEncoded(_ draft: PutDraft) {
        guard let encoder = draft.encoder else { return }
        gatherEncoded(draft, encoder)
        // It may have failed for what came out, and was rejected then.
        guard draft.encoder === encoder else { return }
        recharge(draft)
        if encoder.isAtEnd { send(draft) }
    }

    private func gatherEncoded(_ draft: PutDraft, _ encoder: ObjectCompressor) {
        while encoder.readable > 0 {
            let room = makeRoom(for: encoder.readable, in: draft)
            gathered(encoder.read(into: draft.body, room: room), in: draft)
        }
    }

    /// What was appended is all gathered, where it is to be rejected; else it is not wanted.
    func endEncoding(_ draft: PutDraft) {
        guard let encoder = draft.encoder else { return }
        guard outcomes.keepsRejects else { return encoder.cancel() }
        encoder.finishNow()
        gatherEncoded(draft, encoder)
    }
}
