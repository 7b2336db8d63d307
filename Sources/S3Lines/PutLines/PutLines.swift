package import ByteIO
import S3Core

/// Records in, objects in S3, receipts out.
///
///     stdin -> PutRecords or PutStream -> PutObjects -> PutStore -> receipts in order of completion -> stdout
///
/// One thread: each turn of `run` takes what memory allows, sends what is complete, and waits for whatever
/// comes next: an answer, input or a signal.
package final class PutLines<Store: PutStore> {
    private enum Input {
        case records(PutRecords<Store>)
        case stream(PutStream<Store>)
    }

    private enum Bucket { case unknown, asked, known }

    private enum Phase: Equatable {
        case reading
        /// A signal came: keyed input is read on to its end, at most until this time of the clock, in
        /// milliseconds.
        case draining(deadline: Int)
        /// Nothing more is read; what is complete is finished.
        case finishing
    }

    /// How long tools upstream have to flush after a signal.
    private static var drainMilliseconds: Int { 5000 }

    private let options: PutOptions
    private let store: Store
    private let objects: PutObjects<Store>
    private let input: Input
    private let signals: SignalPipe
    private let output: OutputThread?

    private var phase = Phase.reading
    private var bucket = Bucket.unknown
    private var cancelBucketSearch: PutCancel = {}
    private var signal: CInt?

    /// - Parameters:
    ///   - output: takes the receipts; nil prints none.
    ///   - display: how standard error says how far the run is.
    /// - Throws: `malformed` for a key that no object can have, `system` where the file of rejected records
    ///   cannot be opened.
    package init(
        _ options: PutOptions, store: Store, signals: consuming SignalPipe, output: OutputThread?,
        diagnostics: Diagnostics, display: RunProgress.Display = .none
    ) throws(StopReason) {
        self.options = options
        self.store = store
        self.signals = signals
        self.output = output
        let messages = RunMessages(diagnostics, display)
        do { objects = try PutObjects(options, store: store, messages: messages) } catch {
            throw .system(error)
        }
        if let key = options.key {
            let objectKey: [UInt8]
            do { objectKey = try options.location.objectKey(key) } catch {
                throw .malformed(error.description)
            }
            input = .stream(PutStream(options, key: key, objectKey: objectKey, objects))
        } else {
            input = .records(PutRecords(options, objects))
        }
    }

    /// Does all of the work.
    package func run(input descriptor: CInt = STDIN_FILENO) -> RunEnd {
        widenPipe(descriptor)
        var reader = LineReader(descriptor: descriptor)
        while true {
            objects.replay(queued: output?.queuedBytes ?? 0)
            takeInput(&reader)
            if phase != .finishing, objects.stopReason != nil { stopReading(&reader) }
            writeReceipts()
            objects.flushRejects()
            if isDone { break }
            wait(&reader)
        }
        let end = end()
        objects.messages.end(objects.counts)
        return end
    }

    /// What was done, in words.
    package var summary: String { objects.messages.summary(objects.counts) }

    // MARK: the loop

    private var admission: PutMemory.Admission {
        bucket == .asked ? .wait : objects.admission(queued: output?.queuedBytes ?? 0)
    }

    private var isDone: Bool {
        phase == .finishing && objects.isIdle && (output?.queuedBytes ?? 0) == 0
    }

    /// Nothing more is read, whether or not the input has ended: its time is over.
    private var isCutOff: Bool {
        if case .draining(let deadline) = phase { return MonotonicClock.milliseconds >= deadline }
        return false
    }

    /// Takes what was read, as far as there is room.
    private func takeInput(_ reader: inout LineReader) {
        while phase != .finishing, objects.stopReason == nil {
            if bucket == .unknown, reader.unread.byteCount > 0 || (reader.isAtEnd && options.key != nil) {
                findBucket()
            }
            if bucket == .asked, isCutOff { return cutOff(&reader) }
            let admission = admission
            if admission == .wait { return }
            // Where nothing can be sent, only more input goes on: the end of a line that is rejected.
            if admission == .relieve, relieve() { continue }
            guard takeNext(&reader) else {
                if reader.isAtEnd || isCutOff { endInput(&reader) }
                return
            }
        }
    }

    private func takeNext(_ reader: inout LineReader) -> Bool {
        switch input {
        case .records(let records): records.takeNext(&reader, takesUnterminated: signal == nil)
        case .stream(let stream): stream.takeNext(&reader)
        }
    }

    private func relieve() -> Bool {
        switch input {
        case .records(let records): records.relieve()
        case .stream(let stream): stream.relieve()
        }
    }

    private func endInput(_ reader: inout LineReader) {
        if !reader.isAtEnd { reportCutOff() }
        phase = .finishing
        switch input {
        case .records(let records): records.end(unterminated: reader.unread.byteCount > 0)
        case .stream(let stream): stream.end()
        }
        // The commit line may be missing.
        if objects.stopReason != nil { stopReading(&reader) }
    }

    /// Ends a run in which it is not even known whether there is a bucket.
    private func cutOff(_ reader: inout LineReader) {
        stopReading(&reader, isReported: true)
        reportCutOff()
    }

    private func reportCutOff() {
        guard case .records(let records) = input else { return }
        objects.messages.report(
            "the input did not end within \(Self.drainMilliseconds / 1000) s; what follows line \(records.line) "
                + "was not read")
    }

    /// Gives up what is open; what is complete goes on.
    ///
    /// - Parameter isReported: whether somebody else says how far the input was read.
    private func stopReading(_ reader: inout LineReader, isReported: Bool = false) {
        phase = .finishing
        if bucket == .asked { cancelBucketSearch() }
        switch input {
        case .records(let records):
            records.abandon(&reader, takesUnterminated: signal == nil)
            let isAllRead = reader.isAtEnd && reader.unread.byteCount == 0
            if !isReported, !isAllRead, !objects.endsQuietly, records.line > 0 {
                objects.messages.report("reading stopped after line \(records.line)")
            }
        case .stream(let stream): stream.abandon()
        }
    }

    private func findBucket() {
        bucket = .asked
        cancelBucketSearch = store.findBucket { [self] result in
            bucket = .known
            cancelBucketSearch = {}
            // A refusal says nothing: whoever may write need not be allowed to ask.
            if case .failure(let error) = result, error.stopsRun {
                objects.stop(.service(error, context: nil))
            }
        }
    }

    /// Waits for an answer, a signal, the output, and for input if there is room for it.
    private func wait(_ reader: inout LineReader) {
        var descriptors: [CInt] = []
        if signal == nil { descriptors.append(signals.descriptor) }
        let wantsInput = phase != .finishing && !isCutOff && admission != .wait
        if wantsInput { descriptors.append(reader.descriptor) }
        let ready = store.turn(waitingFor: descriptors, milliseconds: timeout())
        if signal == nil, ready[0], let number = signals.pending() { take(signal: number, &reader) }
        guard wantsInput, ready[ready.count - 1], phase != .finishing else { return }
        do { try reader.fill() } catch { objects.stop(.system(error)) }
        // What wrote the input may have ended by the same signal: that end is not the object's.
        if reader.isAtEnd, signal == nil, let number = signals.pending() { take(signal: number, &reader) }
    }

    /// Shows progress, if it is time, and tells when something else has to be done, in milliseconds.
    private func timeout() -> Int? {
        var timeout = objects.messages.show(objects.counts)
        if case .draining(let deadline) = phase {
            let left = max(0, deadline - MonotonicClock.milliseconds)
            // Once it is over there is nothing to wake up for.
            if left > 0 { timeout = min(timeout ?? left, left) }
        }
        return timeout
    }

    private func take(signal number: CInt, _ reader: inout LineReader) {
        signal = number
        store.hurry()
        guard phase != .finishing else { return }
        if options.key != nil || options.commitLine != nil {
            stopReading(&reader)
        } else {
            phase = .draining(deadline: MonotonicClock.milliseconds + Self.drainMilliseconds)
        }
    }

    private func end() -> RunEnd {
        do { try output?.finish() } catch {
            guard error.code != EPIPE else { return .outputClosed }
            if objects.stopReason != .system(error) { objects.report(.system(error)) }
            return .stopped(.system(error))
        }
        if let signal { return .signal(signal) }
        if let reason = objects.stopReason { return .stopped(reason) }
        return objects.failures > 0 ? .someFailed : .complete
    }

    // MARK: receipts

    private func writeReceipts() {
        let text = ByteBlock()
        var line: [UInt8] = []
        while let receipt = objects.nextReceipt() {
            guard output != nil else { continue }
            line.removeAll(keepingCapacity: true)
            append(receipt, to: &line)
            text.append(line.bytes)
        }
        guard let output else { return }
        if let error = output.error, objects.stopReason == nil {
            objects.endsQuietly = error.code == EPIPE
            objects.stop(.system(error))
        }
        output.append(text)
    }

    /// `KEY`, or `KEY TAB ETAG TAB BYTES TAB LINES`.
    private func append(_ receipt: PutReceipt, to line: inout [UInt8]) {
        KeyEscaping.escape(receipt.key.bytes, into: &line)
        if options.long {
            line.append(0x09)
            KeyEscaping.escape(receipt.etag.bytes, into: &line)
            line += "\t\(receipt.bytes)\t\(receipt.lines)".utf8
        }
        line.append(0x0A)
    }
}
