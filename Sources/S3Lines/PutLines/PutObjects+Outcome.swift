import ByteIO
import Codec
import S3Core

extension PutObjects {
    /// What a receipt that waits for another takes besides its key.
    private static var receiptOverhead: Int { 192 }

    // MARK: requests

    func put(_ draft: PutDraft) {
        store.put(draft.objectKey, draft.body) { [self] result in
            switch result {
            case .success(let etag): stored(draft, etag)
            case .failure(let error): failed(draft, error)
            }
        }
    }

    func perform(_ actions: [PutUpload.Action], _ draft: PutDraft) {
        for action in actions { perform(action, draft) }
    }

    private func perform(_ action: PutUpload.Action, _ draft: PutDraft) {
        switch action {
        case .create:
            draft.cancels[0] = store.create(draft.objectKey) { [self] result in
                draft.cancels[0] = nil
                perform(draft.upload?.created(result) ?? [], draft)
            }
        case .upload(let part, let id):
            guard let body = draft.parts[part] else { return }
            draft.cancels[part] = store.upload(draft.objectKey, id: id, part: part, body) { [self] result in
                draft.cancels[part] = nil
                if case .success = result {
                    partWindow.stored(bytes: body.count, now: MonotonicClock.milliseconds)
                    keepPart(part, draft)
                }
                releasePart(part, draft)
                perform(draft.upload?.ended(part: part, result) ?? [], draft)
            }
        case .cancelRequests:
            let cancels = draft.cancels
            draft.cancels = [:]
            for cancel in cancels.values { cancel() }
        case .complete(let id, let parts):
            store.complete(draft.objectKey, id: id, parts: parts, size: draft.size) { [self] result in
                let canReplay = canReplay(draft)
                if canReplay, case .failure = result { holdKept(draft) }
                perform(draft.upload?.completed(result, canBeginAnew: canReplay) ?? [], draft)
            }
        case .abort(let id):
            store.abort(draft.objectKey, id: id) { [self] error in
                perform(draft.upload?.aborted(error) ?? [], draft)
            }
        case .stored(let etag): stored(draft, etag)
        case .failed(let error): failed(draft, error)
        case .beginAnew: beginReplay(draft)
        case .orphaned(let id, let error):
            let upload =
                id.map {
                    "upload \(Diagnostics.printable($0)) "
                        + (error.mayBeUnderWay
                            ? "is left as it is, since the service may still complete it"
                            : error.status > 0
                                ? "is not aborted, its parts remain"
                                : "may not be aborted, its parts may remain")
                } ?? "an upload may have been begun whose id was not answered"
            run.report("\(Diagnostics.printable(draft.key)): \(upload): \(error)")
        }
    }

    private func releasePart(_ part: Int, _ draft: PutDraft) {
        guard let body = draft.parts.removeValue(forKey: part) else { return }
        memory.change(by: -body.capacity)
        heldParts -= 1
    }

    // MARK: outcomes

    private func stored(_ draft: PutDraft, _ etag: [UInt8]) {
        guard let number = draft.receipt else { return }
        draft.spool = nil
        dropKept(draft)
        charge(draft, 0)
        memory.change(by: draft.key.count + Self.receiptOverhead)
        receipts.confirmed(
            number, PutReceipt(key: draft.key, etag: etag, bytes: draft.size, lines: draft.lines))
    }

    /// The next receipt that is due, if there is one.
    func nextReceipt() -> PutReceipt? {
        guard let receipt = receipts.next() else { return nil }
        memory.change(by: -(receipt.key.count + Self.receiptOverhead))
        run.counts.objects += 1
        return receipt
    }

    /// The object will not be stored.
    func failed(_ draft: PutDraft, _ error: S3Error) {
        guard draft.failure == nil else { return }
        draft.failure = error
        run.failed += 1
        let digest = KeyDigest(draft.key)
        if rejects != nil, !failedKeys.contains(digest) { failedKeys.insert(digest) }
        if run.stopReason == nil, rejects == nil || error.stopsRun {
            stop(.service(error, context: draft.label))
        } else {
            run.report("\(draft.label): \(error)")
        }
        giveUp(draft, error)
        if draft.replayedBytes != nil {
            // All of it is in the spool.
            draft.replayedBytes = nil
            draft.body = ByteBlock(capacity: 0)
        }
        rejectIfWhole(draft)
    }

    /// Rejects an object that has failed, unless more of a record is to come.
    func rejectIfWhole(_ draft: PutDraft) {
        guard !draft.isDelivering else { return }
        if draft.isClosed || (!draft.isTaking && rejects != nil) { reject(draft) }
    }

    /// Whether an object of this key failed, so that nothing is overwritten where it comes again.
    func hasFailed(_ key: [UInt8]) -> Bool { failedKeys.count > 0 && failedKeys.contains(KeyDigest(key)) }

    /// Takes back the record that has not ended.
    ///
    /// - Returns: false if bytes of it have left the body, or were compressed.
    func removeOpenRecord(_ draft: PutDraft) -> Bool {
        guard draft.compression == nil, draft.body.count >= draft.openRecordBytes else { return false }
        draft.body.removeLast(draft.openRecordBytes)
        draft.size -= draft.openRecordBytes
        draft.openRecordBytes = 0
        draft.isTaking = false
        return true
    }

    /// The run ends before the object's last record is known.
    func abandon(_ draft: PutDraft) {
        if draft.failure == nil {
            let error = S3Error(.cancelled, "the run ended before the object was complete")
            draft.failure = error
            run.failed += 1
            let wasBegun = draft.recordBytes + draft.openRecordBytes > 0
            if !run.endsQuietly, wasBegun { run.report("\(draft.label): \(error)") }
            giveUp(draft, error)
        }
        draft.isClosed = true
        draft.receipt = receipts.expect()
        reject(draft)
    }

    private func giveUp(_ draft: PutDraft, _ error: S3Error) {
        dropKept(draft)
        for part in Array(draft.parts.keys) where draft.cancels[part] == nil { releasePart(part, draft) }
        perform(draft.upload?.giveUp(error) ?? [], draft)
    }

    /// A record that is none; `error` says why.
    ///
    /// - Returns: whether its bytes are wanted, for the file of rejected records.
    func malformed(line: Int, _ error: String) -> Bool {
        guard rejects != nil else {
            stop(.malformed("line \(line): \(error)"))
            return false
        }
        run.failed += 1
        run.report("line \(line): \(error)")
        return true
    }

    /// A last record whose end never came.
    func reportUnterminated(line: Int) {
        run.failed += 1
        run.report("line \(line): the last record is not whole, and not stored")
    }

    /// A record that did not come to its end before the run did.
    func reportCutOff(line: Int) {
        run.failed += 1
        if !run.endsQuietly {
            run.report("line \(line): the record was not read to its end, and is lost")
        }
    }

    /// Ends the run as soon as what is complete is finished.
    func stop(_ reason: StopReason) {
        let isFirst = run.stopReason == nil
        run.stop(reason)
        if isFirst, case .service(let error, _) = reason, error.stopsRun { store.cancelUnsent() }
    }

    // MARK: rejects

    /// Writes the records of an object that failed and of which no more are to come.
    func reject(_ draft: PutDraft) {
        if let number = draft.receipt {
            receipts.failed(number)
            draft.receipt = nil
        }
        endCompression(draft)
        if let path = options.rejectPath, draft.isLost || rejects == nil, draft.lines > 0 {
            run.report("\(draft.label): not in \(path)")
        } else if draft.recordBytes > 0 {
            let object = PutRejected(
                label: draft.label, key: draft.key, recordBytes: draft.recordBytes,
                compression: draft.compression, spool: draft.spool, body: draft.body)
            memory.change(by: rejects == nil ? 0 : object.memory)
            rejecting { rejects throws(SystemError) in
                rejects.append(object)
                return try rejects.step()
            }
        }
        // What comes from now on is gathered again, as it came.
        draft.spool = nil
        draft.body = ByteBlock(capacity: 0)
        draft.compression = nil
        draft.isLost = false
        draft.partSize = plan.size(of: 1) ?? 0
        draft.lines = 0
        draft.recordBytes = 0
        draft.openRecordBytes = 0
        charge(draft, draft.isClosed ? 0 : PutDraft.overhead)
    }

    /// Writes bytes of a line that is no record.
    func reject(_ bytes: RawSpan, endsLine: Bool) {
        rejecting { rejects throws(SystemError) in
            try rejects.append(bytes, endsLine: endsLine)
            return 0
        }
    }

    /// Whether what was rejected is still being copied to the file: meanwhile nothing more is taken.
    var isRejecting: Bool { rejects?.isUnderWay ?? false }

    /// Writes what was rejected out to the file, or some of it, if it is much.
    func writeRejects() {
        rejecting { rejects throws(SystemError) in
            let released = try rejects.step()
            try rejects.flush()
            return released
        }
    }

    /// - Parameter write: returns the memory that it has made free.
    private func rejecting(_ write: (inout PutRejects) throws(SystemError) -> Int) {
        // After a failure it stays closed: the disk does not become larger.
        guard var file = rejects.take() else { return }
        do {
            let released = try write(&file)
            memory.change(by: -released)
            rejects = consume file
        } catch {
            let unwritten = file.unwritten
            stop(.system(error))
            for object in unwritten {
                memory.change(by: -object.memory)
                run.report("\(object.label): not in \(options.rejectPath ?? "")")
            }
        }
    }
}
