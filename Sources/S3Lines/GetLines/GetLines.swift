package import ByteIO
import Codec
package import S3Core

/// Reads keys and writes the lines of their objects to standard output.
///
/// Each step writes the available lines of the first unfinished object (or of any object, if the order is not
/// kept) and requests as many objects as the window allows.
package final class GetLines: RunFilter {
    let store: any GetStore
    let options: GetOptions
    let run: Run
    /// Decompresses objects before their turn, and computes checksums.
    let pool: WorkPool
    /// The numbers of complete objects that wait for another thread.
    var unprepared: [Int] = []
    /// The numbers of objects that a command could start with; the objects with a command, in order.
    var unfiltered: [Int] = []
    var filtered: [WindowObject] = []
    private let output: LineOutput
    private var keys: KeySource
    private var keysEnded = false
    var measured = MeasuredObjects()
    /// Whether the keys come from a listing of the bucket.
    let listsKeys: Bool
    /// Whether the server has ever responded as S3 does.
    var knowsService = false
    /// The error that ended the keys; nil if they ended normally.
    private var keyFailure: StopReason?
    var window: FetchWindow
    private let delivery: GetDelivery
    var objects = WindowObjects()
    /// Without order: the objects that changed since the last write.
    var changed: Set<Int> = []
    /// The object whose last line was written only in part: its rest must be written before anything else.
    private(set) var openLine: WindowObject?
    private let decoders: DecoderReserve
    /// The memory in use besides the window, in bytes.
    var outsideBytes: Int { run.output.queuedBytes + objects.carriedBytes + decoders.memory }
    /// Whether the next key is expected on standard input.
    private var awaitsInput = false
    let location: Location
    /// The maximum memory for keys listed ahead, in bytes.
    private static let listMemory = 8 << 20
    /// Whether nothing is left to do.
    private var hasEnded = false
    /// The monotonic time in milliseconds when waiting for the end of a partly written line is given up.
    private var lineDeadline = 0
    private static let lineMilliseconds = 3000

    /// - Parameters:
    ///   - store: the bucket of the location.
    ///   - run: waits in `store`.
    package init(
        _ origin: KeyOrigin, in location: Location, store: any GetStore, options: GetOptions, run: Run
    ) throws(SystemError) {
        self.store = store
        self.options = options
        self.run = run
        output = LineOutput(run.output)
        self.location = location
        pool = WorkPool(threads: options.threads, wakeUp: store.wakeUp)
        decoders = DecoderReserve(limit: options.memory / 8)
        var range = ListedKeyRange()
        if case .listing(let listed) = origin {
            range = listed
            listsKeys = true
        } else {
            listsKeys = false
        }
        keys = KeySource(
            origin, in: location, shard: options.shard, readsURLKeys: options.readsURLKeys,
            memory: min(Self.listMemory, options.memory / 16))
        delivery = try GetDelivery(options, range, run: run, wakeUp: store.wakeUp)
        window = FetchWindow(
            memory: options.memory, chunkSize: options.chunkSize, threshold: options.multipartThreshold,
            lanes: options.filter?.atOnce ?? 1)
        if let filter = options.filter { run.pipe(through: filter) }
    }

    package func step(_ input: inout LineReader) throws(StopReason) -> RunStep {
        try delivery.confirm(isLast: hasEnded)
        guard !hasEnded else { return .done }
        if !run.isStopped {
            pool.handBack()
            // Before `write`, which decompresses in this thread all that no other thread decompresses.
            prepareAhead()
            try writeFiltered()
            // Written bytes make room for new requests.
            try write()
            begin(&input)
            prepareAhead()
            limitFiltered()
        }
        run.counts.bytes = run.output.acceptedBytes
        if run.showsProgress, let rest = keys.rest {
            run.counts.totalObjects = measured.count + rest.count
            run.counts.share = measured.share(restBytes: rest.bytes)
        }
        guard isOver else {
            let due = run.signal == nil ? keys.untilDue : timeForLine
            return .wait(input: awaitsInput, milliseconds: Run.earlier(due, delivery.untilDue))
        }
        hasEnded = true
        store.cancelAll()
        for object in filtered { endFiltering(object) }
        if !run.isStopped, run.signal == nil, let keyFailure { throw keyFailure }
        return .done
    }

    package func take(signal: CInt, _ input: inout LineReader) {
        lineDeadline = MonotonicClock.milliseconds + Self.lineMilliseconds
        awaitsInput = false
    }

    package func inputFailed(_ error: SystemError) { keys.inputFailed(error) }

    /// Whether nothing is left to do, or the run has to end.
    private var isOver: Bool {
        if run.isStopped { return true }
        // After a signal a partly written line is completed, but its end may never arrive.
        if run.signal != nil { return openLine == nil || timeForLine == 0 }
        return keysEnded && objects.isEmpty
    }

    /// The time left for the end of a partly written line after a signal, in milliseconds.
    private var timeForLine: Int { max(0, lineDeadline - MonotonicClock.milliseconds) }

    // MARK: requests

    private func begin(_ input: inout LineReader) {
        // A partly written line is completed.
        guard run.signal == nil || openLine != nil else { return }
        window.outside = outsideBytes
        while let number = window.overcommitted(), let object = objects[number] {
            restart(object)
            window.outside = outsideBytes
        }
        let reserve = decodingReserve
        window.outside += reserve
        // Responses to requests that were already sent need no such reserve.
        defer { window.outside -= reserve }
        awaitsInput = false
        keys.pass()
        var free = store.freeConnections
        while free > 0 {
            if let fetch = window.next() {
                begin(fetch)
                free -= 1
            } else if run.signal != nil || !window.wantsObject || !addObject(&input) {
                break
            }
        }
        guard run.signal == nil else { return }
        for request in keys.pages(free: free) {
            store.list(request.operation) { [unowned self] in
                if case .success = $0 { self.knowsService = true }
                self.keys.received(request.number, $0)
            }
        }
    }

    /// Counts the bytes that an object holds, and those that it has consumed since the last call.
    func account(for object: WindowObject) {
        objects.recount(object)
        let consumed = object.lines.consumedBytes - object.accountedBytes
        object.accountedBytes += consumed
        measured.took(consumed)
        window.gaveOut(consumed, of: object.number)
    }

    /// Adds the next object to the window.
    ///
    /// - Returns: false if none is known now.
    private func addObject(_ input: inout LineReader) -> Bool {
        guard !keysEnded else { return false }
        switch keys.next(&input) {
        case .object(let request):
            let number = window.add(size: request.known?.size)
            let object = WindowObject(request, number: number, lines: makeLines())
            objects[number] = object
            measured.add(object)
            delivery.requested(number, key: request.key)
            return true
        case .malformed(let problem):
            run.report(problem)
            run.malformed += 1
            return true
        case .later:
            awaitsInput = keys.wantsInput
        case .end(let failure):
            keysEnded = true
            keyFailure = failure
            if failure == nil, run.signal == nil { reportMissingKeys() }
        }
        return false
    }

    /// Reports that there were no keys, if the location may be meant as the key of an object or as a glob.
    private func reportMissingKeys() {
        if keys.hadNoLine {
            if let advice = location.adviceWithoutKeys { run.report(advice) }
        } else if keys.hasEmptyList, let advice = location.adviceIfEmpty(fetches: true) {
            run.report(advice)
        }
    }

    /// The lines of an object that is fetched from its start.
    func makeLines() -> ObjectLines {
        ObjectLines(
            isRaw: options.isRaw, isFiltered: options.filter != nil, chunkSize: options.chunkSize,
            longestLine: options.memory, decoders: decoders,
            hashedInBackground: options.threads > 1 ? options.hashedInBackground : nil)
    }

    // MARK: writing

    /// Runs the filters and writes, until the head no longer changes: the next object may start its command
    /// only after the previous one is written.
    private func writeFiltered() throws(StopReason) {
        guard options.filter != nil else { return }
        var head: Int
        repeat {
            head = window.head
            filterObjects()
            try write()
        } while window.head != head
    }

    /// Writes what is available, as long as the output has room.
    private func write() throws(StopReason) {
        if let openLine { _ = try write(openLine) }
        guard openLine == nil else { return }
        guard options.keepsOrder else { return try writeInAnyOrder() }
        while let object = objects[window.head], try write(object) {}
    }

    /// Without order: notes that there may be something to write of `object`.
    func noteChanged(_ object: WindowObject) {
        if !options.keepsOrder { changed.insert(object.number) }
    }

    private func writeInAnyOrder() throws(StopReason) {
        changed.insert(window.head)
        for number in changed.sorted() where run.output.hasRoom && openLine == nil {
            changed.remove(number)
            if let object = objects[number] { _ = try write(object) }
        }
    }

    /// Writes the available lines of `object`.
    ///
    /// - Returns: true if the object is finished.
    private func write(_ object: WindowObject) throws(StopReason) -> Bool {
        var problem: S3Error?
        var rest = Rest.unknown
        do throws(S3Error) { rest = try writeLines(of: object) } catch { problem = error }
        hashInBackground(object)
        account(for: object)
        openLine = rest == .nothing || object.isAtLineStart ? nil : object
        window.leader = openLine?.number
        // No other event would show that it can continue.
        if rest == .waiting { noteChanged(object) }
        if let problem {
            guard try failed(object, problem) else { return false }
            delivery.failed(object.number, key: object.request.key)
            finish(object)
            return true
        }
        guard rest == .nothing else { return false }
        delivery.handedOver(
            DeliveredObject(number: object.number, key: object.request.key, etag: object.head?.etag))
        finish(object)
        return true
    }

    /// The state of an object after writing.
    private enum Rest {
        case nothing
        /// Lines are available, but the output has no room.
        case waiting
        /// More bytes have to arrive.
        case unknown
    }

    private func writeLines(of object: WindowObject) throws(S3Error) -> Rest {
        while true {
            guard output.appendPending(of: object, withKey: options.writesKeys) else { return .waiting }
            if object.lines.isDone {
                // Written even without room: a last line and its newline belong together.
                if !object.isAtLineStart && !options.isExact { run.output.append(UInt8(ascii: "\n")) }
                return .nothing
            }
            guard run.output.hasRoom else { return .waiting }
            object.pending = try object.nextLines()
            if object.pending.isEmpty, !object.lines.isDone {
                guard options.filter == nil, try object.takeFetched() else { return .unknown }
            }
        }
    }

    private func finish(_ object: WindowObject) {
        for fetch in object.fetches { fetch.drop() }
        endFiltering(object)
        object.drops += 1
        window.finished(object.number)
        objects[object.number] = nil
    }
}
