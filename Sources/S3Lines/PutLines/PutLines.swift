package import ByteIO
import S3Core

/// Reads records from standard input, stores them as objects in S3 and writes receipts.
///
///     stdin -> PutRecords or PutStream -> PutObjects -> PutStore -> receipts in order of completion -> stdout
///
/// Each step takes as much as memory allows, and sends objects as soon as they are complete.
package final class PutLines<Store: PutStore>: RunFilter {
    private enum Input {
        case records(PutRecords<Store>)
        case stream(PutStream<Store>)
    }

    private enum Bucket { case unknown, asked, known }

    private enum Phase: Equatable {
        case reading
        /// A signal arrived: keyed input is read to its end, but not after this monotonic time in
        /// milliseconds.
        case draining(deadline: Int)
        /// Reading has stopped; complete objects are being finished.
        case finishing
    }

    /// How long upstream tools have to flush after a signal.
    private static var drainMilliseconds: Int { 5000 }

    private let options: PutOptions
    private let store: Store
    private let outcomes: PutOutcomes
    private let objects: PutObjects<Store>
    private let input: Input
    private let run: Run

    private var phase = Phase.reading
    /// The monotonic time in milliseconds when commands are given up; nil before a signal.
    private var commandDeadline: Int?
    private var bucket = Bucket.unknown
    /// The number of stored objects without a receipt.
    private var withheld = 0
    private var cancelBucketSearch: PutCancel = {}

    /// - Parameters:
    ///   - run: waits in the event loop that `store` sends with, and takes the receipts.
    /// - Throws: `malformed` if no object can have the key, `system` if the file of rejected records cannot
    ///   be opened.
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
                throw .malformed("KEY '\(Diagnostics.printable(key))': \(error)")
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
        if limitCommands() { takeInput(&input) }
        if phase != .finishing, run.isStopped { stopReading(&input) }
        writeReceipts()
        objects.writeRejects()
        if phase == .finishing && objects.isIdle {
            reportWithheld()
            return .done
        }
        let wantsInput = phase != .finishing && !isCutOff && admission != .wait
        return .wait(
            input: wantsInput,
            milliseconds: outcomes.isRejecting ? 0 : drainMilliseconds ?? commandMilliseconds)
    }

    /// After a signal, gives up commands that do not end within a time limit after the end of the input.
    ///
    /// - Returns: whether it did, which makes room for input.
    private func limitCommands() -> Bool {
        guard run.signal != nil, phase == .finishing || isCutOff, objects.isFiltering else { return false }
        // If the input was cut off because commands block it, they have had the time.
        let milliseconds = phase == .finishing ? Self.drainMilliseconds : 0
        let deadline = commandDeadline ?? MonotonicClock.milliseconds + milliseconds
        commandDeadline = deadline
        guard deadline <= MonotonicClock.milliseconds else { return false }
        objects.failFiltered(
            "the command did not end within \(Self.drainMilliseconds / 1000) s after the signal")
        return true
    }

    /// The time left for commands in milliseconds; nil if it is not limited.
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
            // Nothing upstream flushes what is typed.
            if Terminal(descriptor: input.descriptor) != nil { input.endHere() }
            phase = .draining(deadline: MonotonicClock.milliseconds + Self.drainMilliseconds)
        }
    }

    private var admission: PutMemory.Admission {
        bucket == .asked || outcomes.isRejecting ? .wait : objects.admission(queued: run.output.queuedBytes)
    }

    /// The time left to read input after a signal, in milliseconds; nil if it is not limited or has passed.
    private var drainMilliseconds: Int? {
        guard case .draining(let deadline) = phase else { return nil }
        let left = deadline - MonotonicClock.milliseconds
        // After the deadline there is nothing to wake up for.
        return left > 0 ? left : nil
    }

    /// Whether the time to read input after a signal has passed, even if the input has not ended.
    private var isCutOff: Bool {
        if case .draining(let deadline) = phase { return MonotonicClock.milliseconds >= deadline }
        return false
    }

    /// Takes input as far as memory allows.
    private func takeInput(_ reader: inout LineReader) {
        while phase != .finishing, !run.isStopped {
            if bucket == .unknown, reader.unread.byteCount > 0 || (reader.isAtEnd && options.key != nil) {
                findBucket()
            }
            if bucket == .asked, isCutOff { return cutOff(&reader) }
            let admission = admission
            if admission == .wait { return }
            // If nothing can be sent, only more input helps: the rest of a rejected line.
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
        // `end` stops the run if the commit line is missing.
        if run.isStopped { stopReading(&reader) }
    }

    /// Ends a run that does not know yet whether the bucket exists.
    private func cutOff(_ reader: inout LineReader) {
        stopReading(&reader, isReported: true)
        reportCutOff()
    }

    private func reportCutOff() {
        guard case .records(let records) = input else { return }
        run.report(
            "the input did not end within \(Self.drainMilliseconds / 1000) s; the lines after line \(records.line) "
                + "were not read")
    }

    /// Abandons open objects; complete objects are still finished.
    ///
    /// - Parameter isReported: whether the caller reports how far the input was read.
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
            // A refused check proves nothing: the permission to write does not include the permission to
            // check.
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
            if objects.withholdsReceipts {
                withheld += 1
                continue
            }
            line.removeAll(keepingCapacity: true)
            append(receipt, to: &line)
            run.output.append(line.bytes)
        }
    }

    private func reportWithheld() {
        guard withheld > 0 else { return }
        run.report(
            "objects stored without a receipt, because an earlier one was not stored: \(withheld)")
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
