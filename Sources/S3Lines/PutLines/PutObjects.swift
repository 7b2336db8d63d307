import ByteIO
import Codec
import S3Core

/// Objects on their way: their bytes gathered, sent whole or in parts, and answered.
///
///     begin ---------------------> complete -> PutObject ------------------> stored, or failed
///       \ a part is full                                                        |        |
///        -> CreateMultipartUpload -> UploadPart ... -> complete -> Complete  receipt  rejected
///
/// The records of a draft that failed while it was open are rejected at once, and later ones as they come.
final class PutObjects<Store: PutStore> {
    let store: Store
    let options: PutOptions
    let plan: PutPartPlan
    let outcomes: PutOutcomes
    var memory: PutMemory
    var partWindow: PutPartWindow
    /// Parts that are on their way or about to be.
    var heldParts = 0
    var receipts = OrderedReceipts<PutReceipt>()
    /// The largest part that was begun: what one more read can make a body grow to.
    var headroom: Int
    /// Objects that are sent once more from their spools, in order.
    var replays: [PutDraft] = []
    /// Those that have kept parts, those first that began to.
    var keepers: [PutTransfer] = []
    /// Keys whose objects failed: what comes of them later is rejected.
    var failedKeys = RememberedKeys()
    /// Computes what takes long.
    let pool: WorkPool
    /// What objects pass through, and which of them do now.
    let commands: RunCommands?
    var filters: PutFilters
    /// Objects of which something was encoded since they were last looked at.
    var encoded: [PutDraft] = []
    /// The first spool, made early: where there can be none, nothing must be lost for it.
    var firstSpool: PutSpool?

    /// A call that waits for a connection for each that is sent keeps all of them busy.
    private static var pendingForConnection: Int { 2 }

    /// - Parameters:
    ///   - commands: what objects are piped through, if they are.
    ///   - wakeUp: ends a wait of the run, from any thread.
    init(
        _ options: PutOptions, store: Store, outcomes: PutOutcomes, commands: RunCommands?,
        wakeUp: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.options = options
        self.store = store
        self.outcomes = outcomes
        plan = options.partPlan(store.partRules)
        headroom = plan.size(of: 1) ?? 0
        memory = PutMemory(limit: options.memory)
        partWindow = PutPartWindow(connections: store.mostConnections)
        pool = WorkPool(threads: options.threads, wakeUp: wakeUp)
        self.commands = commands
        filters = PutFilters(atOnce: options.filter?.atOnce ?? 0)
        if options.threads > 1 { store.use(pool) }
        if options.rejectPath != nil { firstSpool = try PutSpool(directory: options.temporaryDirectory) }
    }

    /// Nothing is on its way, and no receipt is due.
    var isIdle: Bool { receipts.count == 0 && store.pending == 0 && !outcomes.isRejecting }

    /// Whether input may be read.
    ///
    /// - Parameter queued: bytes of receipts that stdout's reader has not taken.
    func admission(queued: Int) -> PutMemory.Admission {
        if heldParts >= partWindow.limit { return .wait }
        while memory.isFull(queued: queued, headroom: headroom), let transfer = keepers.first {
            dropKept(transfer)
        }
        guard pool.hasRoom, filters.hasRoom else { return .wait }
        let admission = memory.admission(
            pending: store.pending, most: store.connections * Self.pendingForConnection, queued: queued,
            headroom: headroom)
        // What is being compressed or filtered is about to be sent.
        return admission == .relieve && (pool.pending > 0 || filters.isBusy) ? .wait : admission
    }

    // MARK: records

    /// Begins an object.
    ///
    /// - Parameter capacity: how many bytes its first record has.
    func begin(_ key: [UInt8], _ objectKey: [UInt8], line: Int, capacity: Int) -> PutDraft {
        let draft = PutDraft(
            key: key, objectKey: objectKey, firstLine: line, capacity: capacity,
            partSize: plan.size(of: 1) ?? 0)
        // An empty object is an empty stream, not no stream.
        draft.encoder = encoder(of: draft)
        beginFilter(of: draft)
        return draft
    }

    /// Bytes of a record, or of a stream that is one object.
    func append(_ bytes: RawSpan, to draft: PutDraft) {
        draft.openRecordBytes += bytes.byteCount
        outcomes.took(bytes: bytes.byteCount)
        if let filter = draft.filter { return self.filter(bytes, of: draft, filter) }
        if draft.source != nil { return keepSource(bytes, of: draft) }
        guard let encoder = draft.encoder else { return store(bytes, in: draft) }
        encoder.append(bytes)
    }

    /// All bytes of `lines` records, their newlines included, were appended.
    func endRecords(_ draft: PutDraft, lines: Int = 1) {
        draft.lines += lines
        draft.recordBytes += draft.openRecordBytes
        draft.openRecordBytes = 0
        outcomes.took(lines: lines)
        if draft.hasFailed, outcomes.keepsRejects { return reject(draft) }
        recharge(draft)
    }

    /// Takes back the record that has not ended.
    ///
    /// - Returns: false if bytes of it have left the body, or were compressed or filtered.
    func removeOpenRecord(_ draft: PutDraft) -> Bool {
        guard draft.encoder == nil, draft.filter == nil, draft.source == nil,
            draft.body.count >= draft.openRecordBytes
        else { return false }
        draft.body.removeLast(draft.openRecordBytes)
        draft.size -= draft.openRecordBytes
        draft.openRecordBytes = 0
        return true
    }

    /// The last record of an object is known.
    func complete(_ draft: PutDraft) {
        draft.records = .complete(receipt: receipts.expect())
        if draft.hasFailed { return reject(draft) }
        if let filter = draft.filter { return finishFilter(draft, filter) }
        guard let encoder = draft.encoder else { return send(draft) }
        encoder.finish()
        takeEncoded(draft)
    }

    /// All bytes of an object are gathered as they are to be stored.
    func send(_ draft: PutDraft) {
        switch draft.state {
        case .gathered:
            draft.state = .sent
            recharge(draft)
            store.put(draft.objectKey, draft.body) { [self] result in
                switch result {
                case .success(let etag): stored(draft, etag)
                case .failure(let error): failed(draft, error)
                }
            }
        case .inParts(let transfer):
            if draft.body.count > 0 { cutPart(draft) }
            recharge(draft)
            perform(transfer.upload.finish(), draft, transfer)
        case .sent, .again, .failed: break
        }
    }

    // MARK: bytes

    /// Gathers bytes as they are to be stored.
    func store(_ bytes: RawSpan, in draft: PutDraft) {
        var rest = bytes
        while rest.byteCount > 0 {
            let count = makeRoom(for: rest.byteCount, in: draft)
            draft.body.append(rest.extracting(first: count))
            gathered(count, in: draft)
            rest = rest.extracting(droppingFirst: count)
        }
        recharge(draft)
    }

    /// Makes room in the body for what is gathered next.
    ///
    /// - Returns: how many of `wanted` bytes the part that is being filled can take.
    func makeRoom(for wanted: Int, in draft: PutDraft) -> Int {
        if draft.partSize == 0 { refuseFurtherParts(of: draft) }
        let count = min(wanted, draft.partSize - draft.body.count)
        let needed = draft.body.count + count
        if needed > draft.body.capacity {
            draft.body.grow(to: max(needed, min(2 * draft.body.capacity, draft.partSize)))
        }
        return count
    }

    /// The body has so many more bytes.
    func gathered(_ count: Int, in draft: PutDraft) {
        draft.size += count
        if draft.body.count == draft.partSize { cutPart(draft) }
    }

    private func refuseFurtherParts(of draft: PutDraft) {
        draft.partSize = plan.size(of: 1) ?? 0
        fail(
            draft,
            S3Error(
                .refused, "more than \(plan.most) parts, \(draft.size) bytes; \(plan.remedy)"))
    }

    // MARK: memory

    func recharge(_ draft: PutDraft) {
        let before = (draft.encoder?.memory ?? draft.filter?.memory ?? 0) + (draft.source?.capacity ?? 0)
        charge(draft, draft.body.capacity + PutDraft.overhead + before)
    }

    func charge(_ draft: PutDraft, _ bytes: Int) {
        memory.change(by: bytes - draft.charge)
        draft.charge = bytes
    }

    /// Makes room by sending the largest of the objects as far as it is.
    ///
    /// - Returns: false if no object is large enough for a part.
    func relieve(_ drafts: [PutDraft]) -> Bool {
        if relieveFilters() { return true }
        guard !plan.isFixed,
            let largest = drafts.max(by: { $0.body.count < $1.body.count }),
            largest.body.count >= options.minPartSize
        else { return false }
        cutPart(largest)
        recharge(largest)
        return true
    }
}
