import ByteIO
import Codec

/// Compression of objects before their bytes are gathered.
extension PutObjects {
    /// The compressor of an object, or nil without compression.
    func encoder(of draft: PutDraft) -> ObjectCompressor? {
        guard let compression = options.compression else { return nil }
        // With several open objects, the objects are compressed in parallel, each by one thread.
        let workers =
            options.maxOpen > 1
            ? 0
            : ObjectCompressor.workers(
                compression, memory: options.memory / 2, processors: max(1, options.threads))
        return ObjectCompressor(compression, pool: pool, workers: workers) { [self] in
            encoded.append(draft)
        }
    }

    /// Continues with the objects whose compressors have new output.
    func takeEncoded() {
        pool.handBack()
        guard !encoded.isEmpty else { return }
        let drafts = encoded
        encoded.removeAll(keepingCapacity: true)
        for draft in drafts { takeEncoded(draft) }
    }

    /// Gathers the output of an object's compressor, and sends the object once all of it is there.
    func takeEncoded(_ draft: PutDraft) {
        guard let encoder = draft.encoder else { return }
        gatherEncoded(draft, encoder)
        // Gathering may have failed the object and rejected its records.
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

    /// Ends the compressor. If the records are rejected, all that was appended is gathered; otherwise it is
    /// dropped.
    func endEncoding(_ draft: PutDraft) {
        guard let encoder = draft.encoder else { return }
        guard outcomes.keepsRejects else { return encoder.cancel() }
        encoder.finishNow()
        gatherEncoded(draft, encoder)
    }
}
