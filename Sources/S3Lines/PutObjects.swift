import ByteIO
import Codec
import S3Core

/// Objects on their way: their bytes gathered, sent whole or in parts, and answered.
///
///     open ----------------------> complete -> PutObject ------------------> stored, or failed
///       \ a part is full                                                        |        |
///        -> CreateMultipartUpload -> UploadPart ... -> complete -> Complete  receipt  rejected
///
/// A draft that failed while it was open goes on gathering, so that its later records are rejected with it.
final class PutObjects<Store: PutStore> {
    let store: Store
    let options: PutOptions
    let diagnostics: Diagnostics
    let plan: PutPartPlan
    var rejects: PutRejects?
    var memory: PutMemory
    var receipts = PutReceipts()
    /// The largest part that was begun: what one more read can make a body grow to.
    private var headroom: Int

    /// Why nothing more is taken.
    var stopReason: StopReason?
    /// Records and objects that failed.
    var failures = 0
    var progress = PutProgress()
    /// A line that is no record is being rejected piece by piece; what else is rejected has to wait.
    var rejectsMidLine = false
    var rejectsLater: [PutDraft] = []

    /// A call that waits for a connection for each that is sent keeps all of them busy.
    private static var pendingForConnection: Int { 2 }

    init(_ options: PutOptions, store: Store, diagnostics: Diagnostics) throws(SystemError) {
        self.options = options
        self.store = store
        self.diagnostics = diagnostics
        plan = options.partPlan(equally: store.wantsEqualParts)
        headroom = plan.size(of: 1) ?? 0
        memory = PutMemory(
            limit: options.memory, maxPending: options.maxConnections * Self.pendingForConnection)
        if let path = options.rejectPath { rejects = try PutRejects(path) }
    }

    /// Nothing is on its way, and no receipt is due.
    var isIdle: Bool { receipts.count == 0 && store.pending == 0 }

    /// Whether input may be read.
    ///
    /// - Parameter queued: bytes of receipts that stdout's reader has not taken.
    func admission(queued: Int) -> PutMemory.Admission {
        memory.admission(pending: store.pending, queued: queued, headroom: headroom)
    }

    // MARK: records

    /// Begins an object.
    ///
    /// - Parameter capacity: how many bytes its first record has.
    func begin(_ key: [UInt8], _ objectKey: [UInt8], line: Int, capacity: Int) -> PutDraft {
        let draft = PutDraft(
            key: key, objectKey: objectKey, firstLine: line, capacity: capacity,
            partSize: plan.size(of: 1) ?? 0)
        if let level = options.gzipLevel { draft.encoder = GzipEncoder(level: level) }
        return draft
    }

    /// Bytes of a record, or of a stream that is one object.
    func append(_ bytes: RawSpan, to draft: PutDraft) {
        draft.openRecordBytes += bytes.byteCount
        progress.bytes += bytes.byteCount
        if draft.encoder == nil {
            store(bytes, in: draft)
        } else {
            draft.encoder?.update(bytes) { store($0, in: draft) }
        }
    }

    /// All bytes of `lines` records, their newlines included, were appended.
    func endRecords(_ draft: PutDraft, lines: Int = 1) {
        draft.lines += lines
        draft.recordBytes += draft.openRecordBytes
        draft.openRecordBytes = 0
        progress.lines += lines
        recharge(draft)
    }

    /// The last record of an object is known.
    func complete(_ draft: PutDraft) {
        draft.encoder?.finish { store($0, in: draft) }
        draft.encoder = nil
        draft.receipt = receipts.expect()
        if draft.failure != nil { return reject(draft) }
        guard draft.upload != nil else {
            recharge(draft)
            return put(draft)
        }
        if draft.body.count > 0 { cutPart(draft) }
        recharge(draft)
        perform(draft.upload?.finish() ?? [], draft)
    }

    private func recharge(_ draft: PutDraft) {
        let encoder = options.gzipLevel != nil && draft.receipt == nil ? GzipEncoder.memory : 0
        charge(draft, draft.body.capacity + PutDraft.overhead + encoder)
    }

    func charge(_ draft: PutDraft, _ bytes: Int) {
        memory.change(by: bytes - draft.charge)
        draft.charge = bytes
    }

    // MARK: parts

    private func store(_ bytes: RawSpan, in draft: PutDraft) {
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
    private func cutPart(_ draft: PutDraft) {
        if draft.failure != nil || rejects != nil { keep(draft) }
        guard draft.failure == nil else { return draft.body.removeAll() }
        if draft.upload == nil { draft.upload = PutUpload() }
        guard let (number, actions) = draft.upload?.addPart() else { return }
        let body = draft.body
        memory.change(by: body.capacity)
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
        guard rejects != nil else { return }
        do {
            if draft.spool == nil { draft.spool = try PutSpool(directory: options.temporaryDirectory) }
            let body = draft.body
            try draft.spool?.append(body.bytes)
        } catch {
            stop(.system(error))
        }
    }

    /// Makes room where the open objects themselves have used up the memory and nothing is on its way.
    func relieve(_ drafts: [PutDraft]) {
        for draft in drafts where draft.failure != nil && draft.body.count > 0 {
            keep(draft)
            return release(draft)
        }
        guard let largest = drafts.max(by: { $0.body.count < $1.body.count }) else { return }
        if !plan.isFixed, largest.body.count >= options.minPartSize {
            cutPart(largest)
            recharge(largest)
            return
        }
        let needed = (drafts.count + PutPartPlan.partsInMemory) * (plan.size(of: 1) ?? 0)
        failed(
            largest,
            S3Error(
                .refused,
                "\(drafts.count) open objects need more memory; use --memory \((needed >> 20) + 1)M or a smaller "
                    + "--max-open"))
        keep(largest)
        release(largest)
    }

    private func release(_ draft: PutDraft) {
        draft.body = ByteBlock()
        recharge(draft)
    }
}
