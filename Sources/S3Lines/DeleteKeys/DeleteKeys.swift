package import ByteIO
package import S3Core

/// The options of a run of s3-delete-keys.
package struct DeleteOptions: Sendable {
    /// Whether each key is followed by the ETag that its object must have.
    package var comparesETags = false
    /// Whether keys are percent-encoded.
    package var readsURLKeys = false
    /// Whether to send no requests.
    package var isDry = false
    /// Whether a dry run names every object and not only the first.
    package var namesAll = false

    package init() {}
}

/// Reads keys, deletes their objects and writes the keys that S3 has confirmed as deleted.
package final class DeleteKeys: RunFilter {
    private let client: S3Client
    private let options: DeleteOptions
    private let run: Run
    private let selection: KeySelection
    private let location: Location
    private var plan: DeletePlan
    private var naming: DryRunNaming
    private var calls: [Int: S3Call] = [:]
    private var lineNumber = 0
    private var inputEnded = false
    /// The error that ended the keys; nil if they ended normally.
    private var inputFailure: StopReason?
    private var isEnding = false
    private var hasEnded = false

    /// - Parameters:
    ///   - client: the client for the location's bucket.
    ///   - run: waits in `client`.
    package init(_ location: Location, client: S3Client, options: DeleteOptions, run: Run) {
        self.client = client
        self.location = location
        self.options = options
        self.run = run
        naming = DryRunNaming("deleted", bucket: location.bucket, namesAll: options.namesAll)
        selection = KeySelection(location, readsURLKeys: options.readsURLKeys)
        plan = DeletePlan(
            comparesETags: options.comparesETags, trustsService: client.isAWS,
            retry: RetryPolicy(maxAttempts: client.maxAttempts))
    }

    package func inputFailed(_ error: SystemError) {
        inputEnded = true
        inputFailure = .system(error)
    }

    package func step(_ input: inout LineReader) throws(StopReason) -> RunStep {
        if hasEnded { return .done }
        if run.isStopped { return end() }
        write()
        if run.signal != nil || plan.stop != nil { return try finish() }
        do throws(StopReason) { try read(&input) } catch {
            inputEnded = true
            inputFailure = error
        }
        if !options.isDry { send(isPaused: inputEnded || !canRead(input.descriptor)) }
        if inputEnded, inputFailure == nil { run.counts.totalObjects = lineNumber }
        guard inputEnded, plan.isEmpty else {
            // A key that is due is sent only on a free connection; without one, a completion ends the wait.
            let due = client.freeConnections > 0 ? plan.untilDue(now: MonotonicClock.milliseconds) : nil
            return .wait(input: !inputEnded && !isHeldUp, milliseconds: due)
        }
        _ = end()
        if lineNumber == 0, inputFailure == nil, location.hasOpenPrefix {
            run.report("standard input had no keys; nothing was deleted")
        }
        if let inputFailure { throw inputFailure }
        return .done
    }

    /// Whether input must wait until earlier keys are done.
    private var isHeldUp: Bool { options.isDry ? !run.output.hasRoom : plan.isFull }

    private func read(_ input: inout LineReader) throws(StopReason) {
        guard !inputEnded else { return }
        while !isHeldUp {
            guard let line = input.nextLine(atMost: selection.longestField + 2 + Self.longestETag) else {
                inputEnded = input.isAtEnd
                return
            }
            lineNumber += 1
            let number = lineNumber
            let place = { "standard input: line \(number)" }
            guard let object = try selection.object(line: line, place: place()) else { continue }
            let etag = options.comparesETags ? Self.etag(line) : nil
            if options.comparesETags, etag == nil {
                throw .malformed("\(place()): expected KEY TAB ETAG (--if-match), found no ETag")
            }
            if options.isDry {
                if let text = naming.text(of: object.objectKey) { run.report(text) }
                run.counts.objects += 1
                print(object.key)
            } else {
                plan.add(
                    key: object.key, object: DeleteObjects.Object(key: object.objectKey, etag: etag))
            }
        }
    }

    /// The maximum length of an ETag in bytes; those of services have about 40.
    private static let longestETag = 1024

    /// The second field of the line, if it can be an ETag.
    private static func etag(_ line: RawSpan) -> [UInt8]? {
        let tab = UInt8(ascii: "\t")
        guard let start = line.firstIndex(of: tab) else { return nil }
        let rest = line.extracting(droppingFirst: start + 1)
        let field = rest.extracting(first: rest.firstIndex(of: tab) ?? rest.byteCount).array
        return !field.isEmpty && field.allSatisfy { $0 > 0x20 && $0 != 0x7F } ? field : nil
    }

    private func send(isPaused: Bool) {
        var free = client.freeConnections
        let now = MonotonicClock.milliseconds
        while free > 0, let request = plan.next(now: now, isPaused: isPaused) {
            free -= 1
            switch request {
            case .batch(let number, let objects):
                calls[number] = client.perform(DeleteObjects(objects)) { [unowned self] in
                    self.calls[number] = nil
                    self.plan.answered(number, batch: $0, now: MonotonicClock.milliseconds)
                }
            case .one(let number, let key, let ifMatch):
                calls[number] = client.perform(DeleteObject(key: key, ifMatch: ifMatch)) { [unowned self] in
                    self.calls[number] = nil
                    var error: S3Error?
                    if case .failure(let failure) = $0 { error = failure }
                    self.plan.answered(number, one: error, now: MonotonicClock.milliseconds)
                }
            case .head(let number, let key):
                calls[number] = client.perform(HeadObject(key: key)) { [unowned self] in
                    self.calls[number] = nil
                    self.plan.answered(number, head: $0.map(\.etag))
                }
            }
        }
    }

    private func write(passingOver: Bool = false) {
        for (key, error) in plan.takeFailures() {
            run.failed += 1
            run.report("\(Diagnostics.printable(key)): \(error)")
        }
        while run.output.hasRoom || passingOver, let key = plan.nextConfirmed(passingOver: passingOver) {
            run.counts.objects += 1
            print(key)
        }
    }

    private func print(_ key: [UInt8]) {
        var line: [UInt8] = []
        KeyEscaping.escape(key.bytes, into: &line)
        line.append(UInt8(ascii: "\n"))
        run.output.append(line.bytes)
        run.counts.bytes = run.output.acceptedBytes
    }

    /// Ends the run. Waits for sent requests, because the service may execute them.
    private func finish() throws(StopReason) -> RunStep {
        if !isEnding {
            isEnding = true
            client.cancelUnsent()
            client.hurry()
            for call in calls.values { call.cancelUnlessSent() }
        }
        guard client.pending == 0 else { return .wait() }
        write(passingOver: true)
        _ = end()
        if run.signal == nil, let error = plan.stop { throw .service(error, context: location.description) }
        return .done
    }

    private func end() -> RunStep {
        hasEnded = true
        client.cancelAll()
        return .done
    }
}
