package import ByteIO
import S3Core

/// Records in, objects in S3, receipts out.
///
///     stdin -> PutRecords or PutStream -> PutObjects -> PutStore -> receipts in order of completion -> stdout
///
/// Each step takes what memory allows, and sends what is complete.
package final class PutLines<Store: PutStore>: RunFilter {
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
    private let outcomes: PutOutcomes
    private let objects: PutObjects<Store>
    private let input: Input
    private let run: Run

    private var phase = Phase.reading
    /// When commands are given up, by the monotonic clock in milliseconds; nil before a signal.
    private var commandDeadline: Int?
    private var bucket = Bucket.unknown
    private var cancelBucketSearch: PutCancel = {}

    /// - Parameters:
    ///   - run: one that waits in what `store` sends by; takes the receipts.
    /// - Throws: `malformed` for a key that no object can have, `system` where the file of rejected records
    ///   cannot be opened.
    package init(
        _ options: PutOptions, store: Store, run: Run
    ) throws(StopReason) {
        self.options = options
        self.store = store
        self.run = run
        do {
            outcomes = try PutOutcomes(options, run: run) { store.cancelUnsent() }
            if let filter = options.filter { run.pipe(through: filter) }
            objects = try PutObjects(
                options, store: store, outcomes: outcomes, commands: run.commands, wakeUp: run.wakeUp)
        } catch { throw .system(error) }
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

    package func step(_ input: inout LineReader) -> RunStep {
        objects.takeEncoded()
        objects.takeFiltered()
        objects.replay(queued: run.output.queuedBytes)
        repeat { takeInput(&input) } while objects.takeFiltered()
        limitCommands()
        if phase != .finishing, run.stopReason != nil { stopReading(&input) }
        writeReceipts()
        objects.writeRejects()
        if phase == .finishing && objects.isIdle { return .done }
        let wantsInput = phase != .finishing && !isCutOff && admission != .wait
        return .wait(
            input: wantsInput,
            milliseconds: outcomes.isRejecting ? 0 : drainMilliseconds ?? commandMilliseconds)
    }

    /// After a signal, commands that do not end are given up some time after the end of the input.
    private func limitCommands() {
        guard run.signal != nil, phase == .finishing, objects.isFiltering else { return }
        let deadline = commandDeadline ?? MonotonicClock.milliseconds + Self.drainMilliseconds
        commandDeadline = deadline
        guard deadline <= MonotonicClock.milliseconds else { return }
        objects.failFiltered(
            "the command did not end within \(Self.drainMilliseconds / 1000) s after the signal")
    }

    /// How long that is, in milliseconds.
    private var commandMilliseconds: Int? {
        guard objects.isFiltering else { return nil }
        return commandDeadline.map { max(0, $0 - MonotonicClock.milliseconds) }
    }

    package var isMeasuredByInput: Bool { true }

    package func inputFailed(_ error: SystemError) { outcomes.stop(.system(error)) }

    package func take(signal: CInt, _ input: inout LineReader) {
        store.hurry()
        guard phase != .finishing else { return }
        if options.key != nil || options.commitLine != nil {
            stopReading(&input)
        } else {
            phase = .draining(deadline: MonotonicClock.milliseconds + Self.drainMilliseconds)
        }
    }

    private var admission: PutMemory.Admission {
        bucket == .asked || outcomes.isRejecting ? .wait : objects.admission(queued: run.output.queuedBytes)
    }

    /// How long the input is still read after a signal, in milliseconds; nil if that is not limited, or over.
    private var drainMilliseconds: Int? {
        guard case .draining(let deadline) = phase else { return nil }
        let left = deadline - MonotonicClock.milliseconds
        // Once it is over there is nothing to wake up for.
        return left > 0 ? left : nil
    }

    /// Nothing more is read, whether or not the input has ended: its time is over.
    private var isCutOff: Bool {
        if case .draining(let deadline) = phase { return MonotonicClock.milliseconds >= deadline }
        return false
    }

    /// Takes what was read, as far as there is room.
    private func takeInput(_ reader: inout LineReader) {
        while phase != .finishing, run.stopReason == nil {
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
        case .records(let records): records.takeNext(&reader, takesUnterminated: run.signal == nil)
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
        if run.stopReason != nil { stopReading(&reader) }
    }

    /// Ends a run in which it is not even known whether there is a bucket.
    private func cutOff(_ reader: inout LineReader) {
        stopReading(&reader, isReported: true)
        reportCutOff()
    }

    private func reportCutOff() {
        guard case .records(let records) = input else { return }
        run.report(
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
            records.abandon(&reader, takesUnterminated: run.signal == nil)
            let isAllRead = reader.isAtEnd && reader.unread.byteCount == 0
            if !isReported, !isAllRead, !run.endsQuietly, records.line > 0 {
                run.report("reading stopped after line \(records.line)")
            }
        case .stream(let stream): stream.abandon()
        }
    }

    private func findBucket() {
        bucket = .asked
        cancelBucketSearch = store.findBucket { [self] result in
            bucket = .known
            cancelBucketSearch = {}
            // A refusal says nothing: anyone who may write need not be allowed to ask.
            if case .failure(let error) = result, error.stopsRun || error.kind == .notS3 {
                outcomes.stop(.service(error, context: nil))
            }
        }
    }

    // MARK: receipts

    private func writeReceipts() {
        var line: [UInt8] = []
        while let receipt = objects.nextReceipt() {
            run.counts.objects += 1
            guard run.output.isWanted else { continue }
            line.removeAll(keepingCapacity: true)
            append(receipt, to: &line)
            run.output.append(line.bytes)
        }
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
