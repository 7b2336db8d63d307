import ByteIO
import Codec
import S3Core

/// Objects in progress: gathers their bytes, sends them whole or in parts, and handles the responses.
///
///     begin ---------------------> complete -> PutObject ------------------> stored, or failed
///       \ a part is full                                                        |        |
///        -> CreateMultipartUpload -> UploadPart ... -> complete -> Complete  receipt  rejected
///
/// If an object fails while it is open, its records are rejected at once and later ones as they arrive.
final class PutObjects<Store: PutStore> {
    let store: Store
    let options: PutOptions
    let plan: PutPartPlan
    let outcomes: PutOutcomes
    var memory: PutMemory
    var partWindow: PutPartWindow
    /// Parts in flight or waiting to be sent.
    var heldParts = 0
    var receipts = OrderedReceipts<PutReceipt>()
    /// The largest part size so far: the most by which one read can grow a body.
    var headroom: Int
    /// Objects to send again from their spools, in order.
    var replays = Queue<PutDraft>()
    /// Transfers with kept parts, oldest first.
    var keepers: [PutTransfer] = []
    /// Keys of failed objects: later records of these keys are rejected.
    var failedKeys = RememberedKeys()
    /// Runs expensive computations.
    let pool: WorkPool
    /// The commands that filter objects, and the objects being filtered.
    let commands: RunCommands?
    var filters: PutFilters
    /// Objects with new compressor output.
    var encoded: [PutDraft] = []
    /// Created at the start: if no spool can be created, the run fails before it takes any records.
    var firstSpool: PutSpool?

    /// One waiting request per connection in use keeps all connections busy.
    private static var pendingForConnection: Int { 2 }

    /// - Parameters:
    ///   - commands: pipe objects through a command; nil without a command.
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

    /// Whether no request is pending and no receipt is due.
    var isIdle: Bool { receipts.count == 0 && store.pending == 0 && !outcomes.isRejecting }

    /// Whether input may be read.
    ///
    /// - Parameter queued: bytes of receipts that are not written to standard output yet.
    func admission(queued: Int) -> PutMemory.Admission {
        if heldParts >= partWindow.limit { return .wait }
        while memory.isFull(queued: queued, headroom: headroom), let transfer = keepers.first {
            dropKept(transfer)
        }
        guard pool.hasRoom, filters.hasRoom else { return .wait }
        let admission = memory.admission(
            pending: store.pending, most: store.connections * Self.pendingForConnection, queued: queued,
            headroom: headroom)
        // Objects being compressed or filtered will be sent soon.
        return admission == .relieve && (pool.pending > 0 || filters.isBusy) ? .wait : admission
    }

    // MARK: records

    /// Begins an object.
    ///
    /// - Parameter capacity: the size of its first record in bytes.
    func begin(_ key: [UInt8], _ objectKey: [UInt8], line: Int, capacity: Int) -> PutDraft {
        let draft = PutDraft(
            key: key, objectKey: objectKey, firstLine: line, capacity: capacity,
            partSize: plan.size(of: 1) ?? 0)
        // Compression starts here and not with the first byte: an empty object becomes an empty compressed
        // stream.
        draft.encoder = encoder(of: draft)
        beginFilter(of: draft)
        return draft
    }

    /// Appends bytes of a record, or of a stream that is one object.
    func append(_ bytes: RawSpan, to draft: PutDraft) {
        draft.openRecordBytes += bytes.byteCount
        outcomes.took(bytes: bytes.byteCount)
        if let filter = draft.filter { return self.filter(bytes, of: draft, filter) }
        if draft.source != nil { return keepSource(bytes, of: draft) }
        guard let encoder = draft.encoder else { return store(bytes, in: draft) }
        encoder.append(bytes)
    }

    /// Ends `lines` records whose bytes, including newlines, were appended.
    func endRecords(_ draft: PutDraft, lines: Int = 1) {
        draft.lines += lines
        draft.recordBytes += draft.openRecordBytes
        draft.openRecordBytes = 0
        outcomes.took(lines: lines)
        if draft.hasFailed, outcomes.keepsRejects { return reject(draft) }
        recharge(draft)
    }

    /// Removes the incomplete record.
    ///
    /// - Returns: false if some of its bytes have left the body, or were compressed or filtered.
    func removeOpenRecord(_ draft: PutDraft) -> Bool {
        guard draft.encoder == nil, draft.filter == nil, draft.source == nil,
            draft.body.count >= draft.openRecordBytes
        else { return false }
        draft.body.removeLast(draft.openRecordBytes)
        draft.size -= draft.openRecordBytes
        draft.openRecordBytes = 0
        return true
    }

    /// Completes an object: its last record is known.
    func complete(_ draft: PutDraft) {
        draft.records = .complete(receipt: receipts.expect())
        if draft.hasFailed { return reject(draft) }
        if let filter = draft.filter { return finishFilter(draft, filter) }
        guard let encoder = draft.encoder else { return send(draft) }
        encoder.finish()
        takeEncoded(draft)
    }

    /// Sends an object once all its bytes are gathered in stored form.
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

    /// Gathers bytes in stored form.
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

    /// Makes room in the body for the next bytes.
    ///
    /// - Returns: how many of `wanted` bytes the current part can take.
    func makeRoom(for wanted: Int, in draft: PutDraft) -> Int {
        if draft.partSize == 0 { refuseFurtherParts(of: draft) }
        let count = min(wanted, draft.partSize - draft.body.count)
        let needed = draft.body.count + count
        if needed > draft.body.capacity {
            draft.body.grow(to: max(needed, min(2 * draft.body.capacity, draft.partSize)))
        }
        return count
    }

    /// Counts bytes that were added to the body.
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
        let unstored = (draft.encoder?.memory ?? draft.filter?.memory ?? 0) + (draft.source?.capacity ?? 0)
        charge(draft, draft.body.capacity + PutDraft.overhead + unstored)
    }

    func charge(_ draft: PutDraft, _ bytes: Int) {
        memory.change(by: bytes - draft.charge)
        draft.charge = bytes
    }

    /// Makes room by sending the gathered bytes of the largest object as a part.
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
