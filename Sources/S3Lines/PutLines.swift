package import ByteIO
import S3Core

/// Records in, objects in S3, receipts out.
///
///     stdin -> records -> grouping -> drafts -> requests -> receipts in order of completion -> stdout
///
/// One thread: a turn of `run` reads what memory allows, sends what is complete, and waits for whatever
/// comes next, an answer, input or a signal.
package final class PutLines<Store: PutStore> {
    private enum Bucket { case unknown, asked, known }

    private enum Phase: Equatable {
        case reading
        /// A signal came: keyed input is read on to its end, at most until then, in milliseconds of the clock.
        case draining(deadline: Int)
        /// Nothing more is read; what is complete is finished.
        case finishing
    }

    /// How long tools upstream have to flush after a signal.
    private static var drainMilliseconds: Int { 5000 }
    /// A call that waits for a connection for each that is sent keeps all of them busy.
    private static var pendingForConnection: Int { 2 }

    private let options: PutOptions
    private let store: Store
    private let signals: SignalPipe
    private let diagnostics: Diagnostics
    private let output: OutputThread?

    private var phase = Phase.reading
    private var bucket = Bucket.unknown
    private var stopReason: StopReason?
    private var signal: CInt?
    private var failures = 0

    private var line = 0
    private var grouping: PutGrouping
    private var open: [PutDraft?] = []
    /// The draft of the last record and how that record wrote its key: most often the next one is the same.
    private var lastField: [UInt8] = []
    private var lastDraft: PutDraft?
    private var memory: PutMemory
    private var receipts = PutReceipts()
    private var receiptText = ByteBlock()

    /// - Parameter output: takes the receipts; nil prints none.
    package init(
        _ options: PutOptions, store: Store, signals: consuming SignalPipe, output: OutputThread?,
        diagnostics: Diagnostics
    ) {
        self.options = options
        self.store = store
        self.signals = signals
        self.output = output
        self.diagnostics = diagnostics
        grouping = PutGrouping(maxOpen: options.maxOpen, each: options.each)
        memory = PutMemory(
            limit: options.memory, maxPending: options.maxConnections * Self.pendingForConnection)
    }

    /// Does all of the work.
    package func run(input: CInt = STDIN_FILENO) -> RunEnd {
        var reader = LineReader(descriptor: input)
        while true {
            takeInput(&reader)
            writeReceipts()
            if isDone { return end() }
            wait(&reader)
        }
    }

    // MARK: the loop

    private var isReading: Bool { phase != .finishing }

    private var isDone: Bool {
        !isReading && receipts.count == 0 && store.pending == 0 && (output?.queuedBytes ?? 0) == 0
    }

    private var admission: PutMemory.Admission {
        if bucket == .asked { return .wait }
        return memory.admission(
            pending: store.pending, queued: output?.queuedBytes ?? 0, headroom: 5 << 20)
    }

    /// Waits for an answer, a signal, and input if there is room for it.
    private func wait(_ reader: inout LineReader) {
        var descriptors: [CInt] = []
        if signal == nil { descriptors.append(signals.descriptor) }
        let wantsInput = isReading && admission == .read
        if wantsInput { descriptors.append(reader.descriptor) }
        var milliseconds: Int?
        if case .draining(let deadline) = phase {
            milliseconds = max(0, deadline - MonotonicClock.milliseconds)
        }
        let ready = store.turn(waitingFor: descriptors, milliseconds: milliseconds)
        if signal == nil, ready[0], let number = signals.pending() { take(signal: number) }
        if wantsInput, isReading, ready[ready.count - 1] { fill(&reader) }
    }

    private func fill(_ reader: inout LineReader) {
        do { try reader.fill() } catch { stop(.system(error)) }
    }

    private func take(signal number: CInt) {
        signal = number
        guard isReading else { return }
        if options.key != nil {
            phase = .finishing
            abandonOpen()
        } else {
            phase = .draining(deadline: MonotonicClock.milliseconds + Self.drainMilliseconds)
        }
    }

    private func end() -> RunEnd {
        if let output {
            do { try output.finish() } catch {
                if error.code == EPIPE { return .outputClosed }
                return .stopped(.system(error))
            }
        }
        if let signal { return .signal(signal) }
        if let stopReason { return .stopped(stopReason) }
        return failures > 0 ? .someFailed : .complete
    }

    // MARK: input

    /// Takes the records that were read, as far as there is room.
    private func takeInput(_ reader: inout LineReader) {
        while isReading {
            if bucket == .unknown, reader.unread.byteCount > 0 { findBucket() }
            guard admission == .read else { return }
            guard let record = reader.nextLine() else {
                if reader.isAtEnd || isOverdue { endInput() }
                return
            }
            line += 1
            take(record)
        }
    }

    private var isOverdue: Bool {
        if case .draining(let deadline) = phase { return MonotonicClock.milliseconds >= deadline }
        return false
    }

    private func findBucket() {
        bucket = .asked
        store.findBucket { [self] result in
            bucket = .known
            // A refusal says nothing: whoever may write need not be allowed to ask.
            if case .failure(let error) = result, error.stopsRun { stop(.service(error, context: nil)) }
        }
    }

    private func endInput() {
        phase = .finishing
        for slot in grouping.closeAll() { complete(slot) }
    }

    private func take(_ record: RawSpan) {
        guard let tab = record.firstIndex(of: 0x09) else { return close(record) }
        let field = record.extracting(first: tab)
        let data = record.extracting(droppingFirst: tab + 1)
        if let draft = lastDraft, field.equals(lastField) { return append(data, to: draft) }
        do {
            let key = try unescaped(field)
            let objectKey = try options.location.objectKey(key)
            switch grouping.record(KeyDigest(key)) {
            case .append(let slot):
                guard let draft = open[slot] else { return }
                remember(field, draft)
                append(data, to: draft)
            case .open(let slot, let evicted):
                if let evicted { complete(evicted) }
                let draft = draft(key, objectKey, capacity: data.byteCount + 1)
                if slot == open.count { open.append(draft) } else { open[slot] = draft }
                remember(field, draft)
                append(data, to: draft)
            case .whole:
                let draft = draft(key, objectKey, capacity: data.byteCount + 1)
                append(data, to: draft)
                send(draft)
            case .comesAgain:
                stop(
                    .malformed(
                        "line \(line): \(Diagnostics.printable(key)): the key comes again after its object was "
                            + "completed"))
            }
        } catch {
            malformed(error)
        }
    }

    private func remember(_ field: RawSpan, _ draft: PutDraft) {
        lastField = field.array
        lastDraft = draft
    }

    private func close(_ field: RawSpan) {
        do {
            let key = try unescaped(field)
            switch grouping.close(KeyDigest(key)) {
            case .complete(let slot): complete(slot)
            case .ignore: break
            case .neverOpened:
                throw MalformedRecord("no TAB, and no object '\(Diagnostics.printable(key))' is open")
            }
        } catch {
            malformed(error)
        }
    }

    private func unescaped(_ field: RawSpan) throws -> [UInt8] {
        var key: [UInt8] = []
        do { try KeyEscaping.unescape(field, into: &key) } catch {
            throw MalformedRecord("the key has a backslash before neither \\, t, n nor r")
        }
        return key
    }

    private func malformed(_ error: any Error) {
        stop(.malformed("line \(line): \(error)"))
    }

    // MARK: objects

    private func draft(_ key: [UInt8], _ objectKey: [UInt8], capacity: Int) -> PutDraft {
        PutDraft(key: key, objectKey: objectKey, firstLine: line, capacity: capacity)
    }

    private func append(_ data: RawSpan, to draft: PutDraft) {
        draft.body.append(data)
        draft.body.append(0x0A)
        draft.lines += 1
        draft.size += data.byteCount + 1
        charge(draft, draft.body.capacity + PutDraft.overhead)
    }

    private func charge(_ draft: PutDraft, _ bytes: Int) {
        memory.change(by: bytes - draft.charge)
        draft.charge = bytes
    }

    private func complete(_ slot: PutGrouping.Slot) {
        guard let draft = open[slot] else { return }
        open[slot] = nil
        if draft === lastDraft { lastDraft = nil }
        send(draft)
    }

    private func send(_ draft: PutDraft) {
        let number = receipts.expect()
        store.put(draft.objectKey, draft.body) { [self] result in
            switch result {
            case .success(let etag): stored(draft, number, etag)
            case .failure(let error): failed(draft, number, error)
            }
        }
    }

    private func stored(_ draft: PutDraft, _ number: Int, _ etag: [UInt8]) {
        charge(draft, 0)
        receipts.stored(
            number, PutReceipt(key: draft.key, etag: etag, bytes: draft.size, lines: draft.lines))
    }

    private func failed(_ draft: PutDraft, _ number: Int, _ error: S3Error) {
        charge(draft, 0)
        receipts.failed(number)
        failures += 1
        stop(.service(error, context: draft.label))
    }

    // MARK: stopping

    private func stop(_ reason: StopReason) {
        if stopReason == nil { stopReason = reason } else { report(reason) }
        phase = .finishing
        if case .service(let error, _) = reason, error.stopsRun { store.cancelUnsent() }
        abandonOpen()
    }

    private func report(_ reason: StopReason) {
        switch reason {
        case .malformed(let text): diagnostics.report(text)
        case .service(let error, let context):
            diagnostics.report((context.map { $0 + ": " } ?? "") + error.description)
        case .system(let error): diagnostics.report(error.description)
        }
    }

    private func abandonOpen() {
        lastDraft = nil
        for slot in grouping.closeAll() {
            guard let draft = open[slot] else { continue }
            open[slot] = nil
            diagnostics.report(draft.label + " not stored: the run ended before the object was complete")
        }
    }

    // MARK: receipts

    private func writeReceipts() {
        guard let output else {
            while receipts.next() != nil {}
            return
        }
        while let receipt = receipts.next() {
            var text: [UInt8] = []
            KeyEscaping.escape(receipt.key.bytes, into: &text)
            text.append(0x0A)
            receiptText.append(text.bytes)
        }
        if receiptText.count > 0 {
            output.append(receiptText)
            receiptText = ByteBlock()
        }
        if let error = output.error, stopReason == nil { stop(.system(error)) }
    }
}

/// What is wrong with a record.
private struct MalformedRecord: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
