import ByteIO
import Codec
import S3Core

/// Objects on their way: their bytes gathered, sent whole or in parts, and answered.
///
///     open ----------------------> complete -> PutObject ------------------> stored, or failed
///       \ a part is full                                                        |        |
///        -> CreateMultipartUpload -> UploadPart ... -> complete -> Complete  receipt  rejected
///
/// The records of a draft that failed while it was open are rejected at once, and later ones as they come.
final class PutObjects<Store: PutStore> {
    let store: Store
    let options: PutOptions
    let plan: PutPartPlan
    var rejects: PutRejects?
    var memory: PutMemory
    var partWindow: PutPartWindow
    /// Parts that are on their way or about to be.
    var heldParts = 0
    var receipts = OrderedReceipts<PutReceipt>()
    /// The largest part that was begun: what one more read can make a body grow to.
    private var headroom: Int

    let run: Run
    /// Objects that are sent once more from their spools, in order.
    var replays: [PutDraft] = []
    /// Objects that have kept parts, those first that began to.
    var keepers: [PutDraft] = []
    /// Keys whose objects failed: what comes of them later is rejected.
    var failedKeys = RememberedKeys()
    /// Compresses objects.
    let pool: WorkPool
    /// The first spool, made early: where there can be none, nothing must be lost for it.
    private var firstSpool: PutSpool?

    /// A call that waits for a connection for each that is sent keeps all of them busy.
    private static var pendingForConnection: Int { 2 }

    init(_ options: PutOptions, store: Store, run: Run) throws(SystemError) {
        self.options = options
        self.store = store
        self.run = run
        run.counts.lines = 0
        plan = options.partPlan(equally: store.wantsEqualParts)
        headroom = plan.size(of: 1) ?? 0
        memory = PutMemory(limit: options.memory)
        partWindow = PutPartWindow(connections: store.mostConnections)
        pool = WorkPool(threads: options.threads, wakeUp: run.wakeUp)
        if options.threads > 1 { store.use(pool) }
        if let path = options.rejectPath {
            rejects = try PutRejects(path)
            firstSpool = try PutSpool(directory: options.temporaryDirectory)
        }
    }

    /// Nothing is on its way, and no receipt is due.
    var isIdle: Bool { receipts.count == 0 && store.pending == 0 && !isRejecting }

    /// Whether input may be read.
    ///
    /// - Parameter queued: bytes of receipts that stdout's reader has not taken.
    func admission(queued: Int) -> PutMemory.Admission {
        if heldParts >= partWindow.limit { return .wait }
        while memory.isFull(queued: queued, headroom: headroom), let draft = keepers.first { dropKept(draft) }
        guard pool.hasRoom else { return .wait }
        let admission = memory.admission(
            pending: store.pending, most: store.connections * Self.pendingForConnection, queued: queued,
            headroom: headroom)
        // What is being compressed is about to be sent.
        return admission == .relieve && pool.pending > 0 ? .wait : admission
    }

    // MARK: records

    /// Begins an object.
    ///
    /// - Parameter capacity: how many bytes its first record has.
    func begin(_ key: [UInt8], _ objectKey: [UInt8], line: Int, capacity: Int) -> PutDraft {
        let draft = PutDraft(
            key: key, objectKey: objectKey, firstLine: line, capacity: capacity,
            partSize: plan.size(of: 1) ?? 0)
        draft.compression = options.compression
        draft.kept = options.keepsParts ? [:] : nil
        return draft
    }

    /// Bytes of a record, or of a stream that is one object.
    func append(_ bytes: RawSpan, to draft: PutDraft) {
        draft.isTaking = true
        draft.openRecordBytes += bytes.byteCount
        run.counts.bytes += bytes.byteCount
        guard let compressor = compressor(of: draft) else { return store(bytes, in: draft) }
        compressor.append(bytes)
    }

    /// All bytes of `lines` records, their newlines included, were appended.
    func endRecords(_ draft: PutDraft, lines: Int = 1) {
        draft.lines += lines
        draft.recordBytes += draft.openRecordBytes
        draft.openRecordBytes = 0
        draft.isTaking = false
        run.counts.lines? += lines
        if draft.failure != nil, rejects != nil { return reject(draft) }
        recharge(draft)
    }

    /// The last record of an object is known.
    func complete(_ draft: PutDraft) {
        draft.isClosed = true
        draft.receipt = receipts.expect()
        if draft.failure != nil { return reject(draft) }
        // An empty object is an empty stream, not no stream.
        guard let compressor = compressor(of: draft) else { return send(draft) }
        compressor.finish()
        recharge(draft)
    }

    /// All bytes of an object are gathered as they are to be stored.
    func send(_ draft: PutDraft) {
        guard draft.upload != nil else {
            recharge(draft)
            return put(draft)
        }
        if draft.body.count > 0 { cutPart(draft) }
        recharge(draft)
        perform(draft.upload?.finish() ?? [], draft)
    }

    func recharge(_ draft: PutDraft) {
        charge(draft, draft.body.capacity + PutDraft.overhead + (draft.compressor?.memory ?? 0))
    }

    func charge(_ draft: PutDraft, _ bytes: Int) {
        memory.change(by: bytes - draft.charge)
        draft.charge = bytes
    }

    // MARK: parts

    /// Gathers bytes as they are to be stored.
    func store(_ bytes: RawSpan, in draft: PutDraft) {
        var rest = bytes
        while rest.byteCount > 0 {
            if draft.partSize == 0 { refuseFurtherParts(of: draft) }
            let count = min(rest.byteCount, draft.partSize - draft.body.count)
            let needed = draft.body.count + count
            if needed > draft.body.capacity {
                draft.body.grow(to: max(needed, min(2 * draft.body.capacity, draft.partSize)))
            }
            draft.body.append(rest.extracting(first: count))
            draft.size += count
            if needed == draft.partSize { cutPart(draft) }
            rest = rest.extracting(droppingFirst: count)
        }
        recharge(draft)
    }

    /// Hands the gathered bytes over as the next part.
    func cutPart(_ draft: PutDraft) {
        if draft.replayedBytes == nil { keep(draft) }
        guard draft.failure == nil else { return draft.body.removeAll() }
        if draft.upload == nil { draft.upload = PutUpload() }
        guard let (number, actions) = draft.upload?.addPart() else { return }
        let body = draft.body
        memory.change(by: body.capacity)
        heldParts += 1
        partWindow.added(held: heldParts)
        draft.parts[number] = body
        draft.partSize = plan.size(of: number + 1) ?? 0
        headroom = max(headroom, draft.partSize)
        // One object that is known to be large gets its buffer at once; many may each have little to come.
        let isAlone = options.maxOpen == 1 && draft.receipt == nil
        draft.body = ByteBlock(capacity: isAlone ? draft.partSize : 256)
        perform(actions, draft)
    }

    private func refuseFurtherParts(of draft: PutDraft) {
        draft.partSize = plan.size(of: 1) ?? 0
        failed(
            draft,
            S3Error(
                .refused, "more than \(MultipartLimits.maxParts) parts, \(draft.size) bytes; \(plan.remedy)"))
    }

    /// Copies the gathered bytes to where they can be rejected from.
    private func keep(_ draft: PutDraft) {
        guard rejects != nil, !draft.isLost else { return }
        do {
            if draft.spool == nil {
                if firstSpool == nil { firstSpool = try PutSpool(directory: options.temporaryDirectory) }
                draft.spool = firstSpool
                firstSpool = nil
            }
            let body = draft.body
            try draft.spool?.append(body.bytes)
        } catch {
            draft.isLost = true
            stop(.system(error))
        }
    }

    /// Makes room by sending the largest of the objects as far as it is.
    ///
    /// - Returns: false if no object is large enough for a part.
    func relieve(_ drafts: [PutDraft]) -> Bool {
        guard !plan.isFixed,
            let largest = drafts.max(by: { $0.body.count < $1.body.count }),
            largest.body.count >= options.minPartSize
        else { return false }
        cutPart(largest)
        recharge(largest)
        return true
    }
}
