import ByteIO
import HTTPTransfer

/// One request as `--verbose` shows it, after it has ended.
package struct RequestRecord: Sendable {
    package let operation: String
    /// As it is sent: `PUT`.
    package let method: String
    package let key: [UInt8]?
    /// The bytes that were asked for, as the request's Range says it; nil for all.
    package let range: String?
    /// 0 if there was no answer.
    package let status: Int
    /// 1 for the first one.
    package let attempt: Int
    package let microseconds: Int
    /// What went wrong, and what comes of it; how many requests are sent at once, while that is less than usual.
    package let remark: String
}

/// All operations on one bucket: sends them, as many at once as the service bears, and makes failed
/// attempts again.
///
/// One thread. Completions are called from within `turn` or `cancel`, and may start further operations.
package final class S3Client {
    /// The most bytes of an answer that are gathered; a page of a list has some hundred thousand.
    static let maximumGatheredSize = 16 << 20

    /// The bucket's name.
    package let bucket: String
    /// Whether checksums of downloads are asked for and verified.
    package let verifiesChecksums: Bool
    /// The checksum that uploads carry; nil is none.
    let uploadChecksum: ObjectChecksum.Algorithm?
    /// How many times a request is made at most, the first one counted.
    package let maxAttempts: Int
    /// Told of each request.
    package var log: ((RequestRecord) -> Void)?
    /// Told once of an attempt that gets no connection and is made again: many are made before that is an error.
    package var notice: ((String) -> Void)?
    private var hasNoticed = false
    private let proxies: ProxySettings
    private let scheme: Endpoint.Scheme
    /// Whoever ends has no time: what only cleans up then, or tells what there is to clean up, is bounded.
    private var isInAHurry = false
    private static let hurriedAttempts = 3
    private static let hurriedMilliseconds = 5000

    private let loop: TransferLoop
    /// Where credentials come from, if they are not the environment's; and how new ones are fetched.
    private let lookup: CredentialsLookup?
    private var renewal = CredentialsRenewal()
    private var fetch: CredentialsFetch?
    /// Told where credentials were found, or why no new ones were.
    package var credentialsLog: ((String) -> Void)?
    package var commands = CommandSettings()
    private var redaction = Redaction()
    private var builder: RequestBuilder
    private var policy: AttemptPolicy
    private var checksumMode = ChecksumMode()
    /// Calls that wait for a free connection; those in `again`, retries and what cleans up, go first.
    private var waiting = CallQueue()
    private var again = CallQueue()
    private var delayed: [(due: Int, call: S3Call)] = []
    private var sent = CallSet()
    /// How many of `sent` are paused.
    private var paused = 0
    private var events = 0

    package init(_ configuration: S3Configuration, bucket: String) throws(S3Error) {
        self.bucket = bucket
        maxAttempts = configuration.maxAttempts
        let configuration = configuration.specialized(for: bucket)
        verifiesChecksums = configuration.verifiesChecksums
        var options = TransferOptions()
        options.keptConnections = configuration.maxConnections
        options.certificateBundle = configuration.certificateBundle
        options.silenceMilliseconds = configuration.timeoutMilliseconds
        options.mayHaveProxy = !configuration.proxies.isEmpty
        do { loop = try TransferLoop(options) } catch {
            throw configuration.redaction.redacted(S3Error(error))
        }
        proxies = configuration.proxies
        scheme = configuration.bucketAddress(bucket).scheme
        uploadChecksum = configuration.uploadChecksum
        lookup = configuration.lookup
        redaction = configuration.redaction
        builder = RequestBuilder(configuration, bucket: bucket)
        policy = AttemptPolicy(
            region: configuration.region, retry: RetryPolicy(maxAttempts: configuration.maxAttempts),
            window: ConcurrencyWindow(maximum: configuration.maxConnections))
    }

    /// Whether the service wants all parts of an upload but the last one to be equally large: Cloudflare R2.
    package var wantsEqualParts: Bool { builder.isR2 }

    /// Whether the service is AWS's own.
    package var isAWS: Bool { builder.isAWS }

    /// How many calls have not ended.
    package var pending: Int { unfinished }
    private var unfinished = 0

    /// How many more calls would be sent at once.
    package var freeConnections: Int { max(0, policy.limit - pending) }

    /// Starts an operation. `completion` is called once, never before this returns.
    ///
    /// - Parameters:
    ///   - cleansUp: whether it only takes away what was left: it goes before all that wait for a connection, and
    ///     `cancelUnsent` leaves it alone.
    @discardableResult
    package func perform<Operation: S3Operation>(
        _ operation: Operation, cleansUp: Bool = false,
        completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) -> S3Call {
        let call = OperationCall(operation, client: self, completion: completion)
        call.cleansUp = cleansUp
        unfinished += 1
        if cleansUp { again.append(call) } else { waiting.append(call) }
        return call
    }

    /// Starts to fetch an object. Its sink is told the end once, never before this returns.
    package func perform(_ operation: GetObject) -> S3Call {
        let call = GetObjectCall(operation, client: self)
        unfinished += 1
        waiting.append(call)
        return call
    }

    /// True if nothing stands between here and the service that would change an answer.
    var isDirect: Bool { builder.isAWS }

    /// The same for what a call that is under way waits for: it goes before all that was not sent yet.
    func performFirst<Operation: S3Operation>(
        _ operation: Operation, completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) {
        unfinished += 1
        again.append(OperationCall(operation, client: self, completion: completion))
    }

    /// Sends what can be sent, hands out what has ended, and then waits until there is more to do: an
    /// answer, a retry that is due, one of `descriptors` that can be read, `milliseconds` that have passed.
    ///
    /// Returns at once if a completion was called or an operation has paused: only its user can go on then.
    ///
    /// - Returns: for each of `descriptors` whether it can be read.
    package func turn(waitingFor descriptors: [CInt] = [], milliseconds: Int? = nil) -> [Bool] {
        let before = events
        releaseDelayed()
        if isInAHurry { endHurriedCalls() }
        if lookup != nil { renewCredentials() }
        sendWaiting()
        loop.perform()
        sendWaiting()
        let milliseconds = events != before ? 0 : timeout(milliseconds)
        guard let command = fetch?.descriptor else {
            return loop.wait(for: descriptors, milliseconds: milliseconds)
        }
        return loop.wait(for: descriptors + [command], milliseconds: milliseconds).dropLast()
    }

    /// What another thread may call to end a `turn`.
    package var wakeUp: @Sendable () -> Void {
        let waker = loop.waker
        return { waker.wakeUp() }
    }

    private var calls: [S3Call] { sent.calls + delayed.map(\.call) + again.calls + waiting.calls }

    /// Cancels all that has not ended.
    package func cancelAll() {
        let calls = sent.calls + delayed.map(\.call) + again.removeAll() + waiting.removeAll()
        for call in calls { cancel(call) }
    }

    /// The run is to end soon: what cleans up is tried three times, and it and what was cancelled but for the
    /// answer on its way have five seconds.
    package func hurry() { isInAHurry = true }

    private func endHurriedCalls() {
        let now = MonotonicClock.milliseconds
        for call in calls where call.cleansUp || call.isLastAttempt {
            // A call that waits for a connection was not sent, so nobody is slow to answer it.
            if call.deadline == nil, call.transfer != nil { call.deadline = now + Self.hurriedMilliseconds }
            if let deadline = call.deadline, deadline <= now { cancel(call) }
        }
    }

    /// Cancels what waits to be sent, for the first time or again, but nothing that cleans up.
    package func cancelUnsent() {
        let calls = delayed.map(\.call) + again.calls + waiting.calls
        again = again.filtered(\.cleansUp)
        waiting = waiting.filtered(\.cleansUp)
        for call in calls where !call.cleansUp { cancel(call) }
    }

    /// The call's transfer was paused. Nothing more comes of it before `resume`, so nobody may wait for it.
    func paused(_ call: S3Call) {
        events += 1
        guard !call.isPaused else { return }
        call.isPaused = true
        paused += 1
    }

    func resume(_ call: S3Call) {
        unpause(call)
        if let transfer = call.transfer { loop.resume(transfer) }
    }

    private func unpause(_ call: S3Call) {
        guard call.isPaused else { return }
        call.isPaused = false
        paused -= 1
    }

    func cancel(_ call: S3Call) {
        guard !call.isOver else { return }
        if let transfer = call.transfer {
            loop.cancel(transfer)
        } else {
            // Nobody would wake up the one who waits for it if it were still counted as pending.
            delayed.removeAll { $0.call === call }
            again.remove(call)
            waiting.remove(call)
            finish(call, cancellation(of: call))
        }
    }

    private func cancellation(of call: S3Call) -> S3Error {
        var error = S3Error(.cancelled, "cancelled")
        error.operation = call.operationName
        error.attempts = max(1, call.history.failures)
        error.mayHaveBeenApplied = call.history.mayHaveBeenApplied
        return stated(error, call)
    }

    /// A cancelled request that the service may have acted on leaves something unknown.
    private func stated(_ error: S3Error, _ call: S3Call) -> S3Error {
        var error = error
        if error.kind == .cancelled, error.mayHaveBeenApplied, call.method != .get, call.method != .head {
            error.message += ", state unknown"
        }
        return error
    }

    // MARK: sending

    private func sendWaiting() {
        if lookup != nil, renewal.holds(now: .now) { return }
        // What is sent again must not wait for a transfer that is paused until just that has been read.
        while !again.isEmpty, sent.count - paused < policy.limit, let call = again.popFirst() {
            if !call.isOver { send(call) }
        }
        // What is about to be sent again keeps its place.
        while sent.count + again.count + delayed.count < policy.limit, let call = waiting.popFirst() {
            if !call.isOver { send(call) }
        }
    }

    private func send(_ call: S3Call) {
        call.beginAttempt()
        call.history.signing = policy.signing
        var wanted = call.request()
        checksumMode.prepare(&wanted.headers, &call.checksumMode)
        if log != nil { call.range = wanted.headers.first { $0.isCalled([UInt8]("range".utf8)) } }
        var hash = call.payloadHash
        let request = builder.request(wanted, payloadHash: &hash)
        call.payloadHash = hash
        call.sentBytes = wanted.body?.count ?? 0
        do {
            sent.insert(call)
            call.transfer = try loop.start(request, call)
        } catch {
            sent.remove(call)
            finish(call, redaction.redacted(S3Error(error)))
        }
    }

    private func releaseDelayed() {
        guard !delayed.isEmpty else { return }
        let now = MonotonicClock.milliseconds
        for entry in delayed where entry.due <= now { again.append(entry.call) }
        delayed.removeAll { $0.due <= now }
    }

    private func timeout(_ milliseconds: Int?) -> Int {
        // Nothing to wait for but the sockets: a long time, not for ever, costs nothing.
        var timeout = milliseconds ?? 60_000
        if let due = delayed.lazy.map(\.due).min() {
            timeout = min(timeout, due - MonotonicClock.milliseconds)
        }
        if isInAHurry, let deadline = calls.compactMap(\.deadline).min() {
            timeout = min(timeout, deadline - MonotonicClock.milliseconds)
        }
        for due in [fetch?.milliseconds, renewal.milliseconds(now: .now)] {
            timeout = min(timeout, due ?? timeout)
        }
        return max(0, timeout)
    }

    // MARK: answers

    func attemptEnded(_ call: S3Call, _ result: TransferResult, body: [UInt8]) {
        sent.remove(call)
        unpause(call)
        guard let failure = failure(call, result, body) else {
            policy.succeeded(call.history)
            checksumMode.succeeded(call.checksumMode)
            report(
                call, result, remark: policy.isNarrowed ? "\(policy.limit) at once" : "",
                attempt: call.history.failures + 1)
            finish(call, nil)
            return
        }
        if failure.saysExpired, lookup != nil, !call.history.wasResigned,
            renewal.refused(generation: call.history.signing.generation, now: .now)
        {
            report(
                call, result, remark: "\(failure.code); again with new credentials",
                attempt: call.history.failures + 1)
            return awaitCredentials(call)
        }
        var decision = policy.failed(
            failure, &call.history, progress: call.progress, now: .now,
            serverTime: result.head.text("date").flatMap(Timestamp.init(httpDate:)))
        if call.isLastAttempt || isEnough(of: call), decision.isAnotherAttempt {
            var error = failure
            error.attempts = max(1, call.history.failures)
            error.mayHaveBeenApplied = error.mayHaveBeenApplied || call.history.mayHaveBeenApplied
            decision = .giveUp(error)
        }
        if case .giveUp = decision, checksumMode.refused(status: failure.status, &call.checksumMode) {
            report(
                call, result, remark: "\(failure.code); again without asking for checksums",
                attempt: max(1, call.history.failures))
            return again.append(call)
        }
        report(
            call, result, remark: remark(failure, decision), attempt: max(1, call.history.failures))
        switch decision {
        case .giveUp(let error): finish(call, stated(error, call))
        case .retry(let delay):
            delayed.append((MonotonicClock.milliseconds + delay, call))
            if failure.kind == .unreachable { noteUnreachable(failure) }
        case .signAgain:
            builder.setSigning(policy.signing)
            again.append(call)
        }
    }

    private func noteUnreachable(_ failure: S3Error) {
        // Where every request is shown, so was this.
        guard !hasNoticed, log == nil else { return }
        hasNoticed = true
        notice?("\(failure); tried again, \(maxAttempts) attempts in all")
    }

    private func isEnough(of call: S3Call) -> Bool {
        isInAHurry && call.cleansUp && call.history.failures >= Self.hurriedAttempts
    }

    /// What is wrong with an attempt's answer; nil if nothing is.
    private func failure(_ call: S3Call, _ result: TransferResult, _ body: [UInt8]) -> S3Error? {
        let response = S3Response(head: result.head, received: body)
        let isSuccess = (200..<300).contains(result.head.status)
        var error: S3Error?
        if call.isTooLarge {
            error = S3Error(.notS3, "the answer is larger than \(Self.maximumGatheredSize) bytes")
        } else if let transferError = result.error, !call.hasEnough {
            error = call.failure(S3Error(transferError))
        } else if isSuccess {
            error = ErrorDocument.error(inSuccess: response) ?? call.evaluate(response)
        } else {
            error = ErrorDocument.error(response, method: call.method, addressesObject: call.key != nil)
        }
        error?.operation = call.operationName
        error?.status = result.head.status
        if var named = error {
            proxies.name(in: &named, for: scheme)
            named.adviseOnHandshake()
            named.adviseOnSize(sent: call.sentBytes)
            error = redaction.redacted(named)
        }
        if error?.kind == .noSuchBucket { error?.message = "bucket '\(bucket)' does not exist" }
        return error
    }

    /// A decision, in words.
    private func remark(_ failure: S3Error, _ decision: AttemptPolicy.Decision) -> String {
        let reason = failure.code.isEmpty ? failure.message : failure.code
        switch decision {
        case .giveUp(let error): return error.kind == .cancelled ? "cancelled" : "\(reason); given up"
        case .retry(let delay): return "\(reason); again in \(delay) ms, \(policy.limit) at once"
        case .signAgain:
            let signing = policy.signing
            let offset =
                signing.clockOffsetSeconds == 0 ? "" : ", clock \(signing.clockOffsetSeconds) s ahead"
            return "\(reason); signed again for region \(signing.region)\(offset)"
        }
    }

    private func finish(_ call: S3Call, _ error: S3Error?) {
        guard !call.isOver else { return }
        events += 1
        unfinished -= 1
        call.end(error)
    }

    private func report(_ call: S3Call, _ result: TransferResult, remark: String, attempt: Int) {
        guard let log else { return }
        log(
            RequestRecord(
                operation: call.operationName, method: call.method.rawValue, key: call.key,
                range: call.range.map { String(decoding: $0.value, as: UTF8.self) },
                status: result.head.status, attempt: attempt, microseconds: result.microseconds,
                remark: remark))
    }
}

extension S3Client {
    /// Finds the first credentials, if they are not the environment's; nothing can be signed before.
    ///
    /// - Throws: why there are none.
    package func findCredentials() throws(ConfigurationError) {
        guard let lookup else { return }
        let fetch = beginFetch(lookup)
        while fetch.outcome == nil {
            loop.perform()
            if fetch.outcome != nil { break }
            let descriptors = fetch.descriptor.map { [$0] } ?? []
            _ = loop.wait(for: descriptors, milliseconds: fetch.milliseconds ?? 60_000)
            fetch.turn()
        }
        self.fetch = nil
        switch fetch.outcome {
        case .found(let credentials, let source): use(credentials, source)
        case .failed(.invalid(let text)): throw .invalid(redacted(text))
        case .failed(.missingCredentials(let text)), .nothing(let text):
            throw .missingCredentials(redacted(text))
        case nil: break
        }
    }

    private func beginFetch(_ lookup: CredentialsLookup) -> CredentialsFetch {
        CredentialsFetch(lookup, loop, commands) { [weak self] secret in self?.redaction.add(secret) }
    }

    private func redacted(_ text: String) -> String { redaction.redacted(text) }

    private func use(_ credentials: Credentials, _ source: String) {
        renewal.found(expiration: credentials.expiration, now: .now)
        redaction.add(credentials)
        policy.renewed(generation: renewal.generation)
        builder.setCredentials(credentials)
        credentialsLog?("credentials: \(source)")
    }

    /// Fetches new credentials in time, and takes those that have come. Requests go on with the old ones.
    private func renewCredentials() {
        if let lookup, fetch == nil, renewal.begins(now: .now) { fetch = beginFetch(lookup) }
        fetch?.turn()
        guard let outcome = fetch?.outcome else { return }
        fetch = nil
        events += 1
        switch outcome {
        case .found(let credentials, let source): use(credentials, source)
        case .failed(.invalid(let reason)), .failed(.missingCredentials(let reason)), .nothing(let reason):
            renewal.failed(now: .now)
            credentialsLog?("no new credentials: " + redacted(reason))
        }
        // What a service has called expired was held back for these.
        for index in delayed.indices where delayed[index].due == .max {
            delayed[index].due = MonotonicClock.milliseconds
        }
    }

    private func awaitCredentials(_ call: S3Call) {
        call.history.wasResigned = true
        let isNewer = call.history.signing.generation < policy.signing.generation
        if isNewer { again.append(call) } else { delayed.append((.max, call)) }
    }
}

/// Calls in no order. Each knows its place, so that it is found without a search.
private struct CallSet {
    private(set) var calls: [S3Call] = []

    var count: Int { calls.count }

    mutating func insert(_ call: S3Call) {
        call.place = calls.count
        calls.append(call)
    }

    mutating func remove(_ call: S3Call) {
        precondition(calls[call.place] === call)
        let last = calls.removeLast()
        guard last !== call else { return }
        calls[call.place] = last
        last.place = call.place
    }
}

/// Calls in order. Taking the first is constant in time, as is appending.
private struct CallQueue {
    private var entries: [S3Call?] = []
    private var first = 0

    /// All of them, the first one first.
    var calls: [S3Call] { entries[first...].compactMap { $0 } }

    /// Those that `isWanted` is true for, in the same order.
    func filtered(_ isWanted: (S3Call) -> Bool) -> CallQueue {
        var queue = CallQueue()
        for call in calls where isWanted(call) { queue.append(call) }
        return queue
    }

    var count: Int { entries.count - first }
    var isEmpty: Bool { first == entries.count }

    mutating func append(_ call: S3Call) { entries.append(call) }

    mutating func popFirst() -> S3Call? {
        guard first < entries.count else { return nil }
        let call = entries[first]
        entries[first] = nil
        first += 1
        // Compact when half is used up: each element is moved at most once for each time it was appended.
        if first > 64, 2 * first > entries.count {
            entries.removeFirst(first)
            first = 0
        }
        return call
    }

    mutating func remove(_ call: S3Call) {
        if let place = entries[first...].firstIndex(where: { $0 === call }) { entries.remove(at: place) }
    }

    mutating func removeAll() -> [S3Call] {
        defer { self = CallQueue() }
        return calls
    }
}
