package import ByteIO
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
/// One thread. Completions are called from within `turn` alone, and may start further operations: who asks for
/// something or cancels it is not called back meanwhile.
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
    let loop: TransferLoop
    /// Where credentials come from, if they are not the environment's; and how new ones are fetched.
    let lookup: CredentialsLookup?
    /// How long a service may be silent, in milliseconds.
    let timeoutMilliseconds: Int
    /// Whether there may be others than those that requests are signed with.
    private let renewsCredentials: Bool
    var renewal = CredentialsRenewal()
    var fetch: CredentialsFetch?
    /// Told how many requests are sent at once from now on, where that changes because of what they move.
    package var connectionsLog: ((Int) -> Void)?
    /// The most requests that may ever be under way at once.
    package let mostConnections: Int
    /// The most that were.
    package private(set) var peakConnections = 0
    /// Told where credentials were found, or why no new ones were.
    package var credentialsLog: ((String) -> Void)?
    package var commands = CommandSettings()
    /// How long a command that gives credentials may take. A user may have to say something to it; but who runs a
    /// pipeline for days is not there when it hangs while the old credentials end.
    package var commandMilliseconds = 300_000
    var redaction = Redaction()
    var builder: RequestBuilder
    var policy: AttemptPolicy
    private var checksumMode = ChecksumMode()
    var schedule = CallSchedule<S3Call>()
    /// What the next turn begins with.
    private var due: [() -> Void] = []
    /// Counts what only the client's user can go on after.
    var events = 0

    package init(_ configuration: S3Configuration, bucket: String) throws(S3Error) {
        self.bucket = bucket
        maxAttempts = configuration.maxAttempts
        let configuration = configuration.specialized(for: bucket)
        verifiesChecksums = configuration.verifiesChecksums
        var options = TransferOptions()
        options.keptConnections = configuration.connections.upperBound
        options.certificateBundle = configuration.certificateBundle
        do { loop = try TransferLoop(options) } catch {
            throw configuration.redaction.redacted(S3Error(error))
        }
        proxies = configuration.proxies
        scheme = configuration.bucketAddress(bucket).scheme
        uploadChecksum = configuration.uploadChecksum
        lookup = configuration.lookup
        timeoutMilliseconds = configuration.timeoutMilliseconds
        renewsCredentials = configuration.lookup != nil
        redaction = configuration.redaction
        builder = RequestBuilder(configuration, bucket: bucket)
        policy = AttemptPolicy(
            region: configuration.region, retry: RetryPolicy(maxAttempts: configuration.maxAttempts),
            window: ConcurrencyWindow(configuration.connections))
        mostConnections = configuration.connections.upperBound
    }

    /// How the service lets an object be cut into parts.
    package var partRules: PartRules { builder.traits.parts }

    /// Whether the service is AWS's own.
    package var isAWS: Bool { builder.isAWS }

    /// Whether the signature of a request has the hash of its body.
    func signsPayload(hasChecksum: Bool) -> Bool {
        builder.isSigned && builder.signsPayload(hasChecksum: hasChecksum)
    }

    /// How many calls have not ended, or not told their end.
    package var pending: Int { schedule.count + due.count }

    /// How many requests are sent at once, as things are now.
    package var connections: Int { policy.limit }

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
        call.id = schedule.add(call, cleansUp: cleansUp)
        return call
    }

    /// Starts to fetch an object. Its sink is told the end once, never before this returns.
    package func perform(_ operation: GetObject) -> S3Call {
        let call = GetObjectCall(operation, client: self)
        call.id = schedule.add(call)
        return call
    }

    /// True if nothing stands between here and the service that would change an answer.
    var isDirect: Bool { builder.isAWS }

    /// The same for what a call that is under way waits for: it goes before all that was not sent yet.
    func performFirst<Operation: S3Operation>(
        _ operation: Operation, completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) {
        let call = OperationCall(operation, client: self, completion: completion)
        call.id = schedule.add(call, goesFirst: true)
    }

    /// Sends what can be sent, hands out what has ended, and then waits until there is more to do: an
    /// answer, a retry that is due, one of `descriptors` that can be read or written, `milliseconds` that have passed.
    ///
    /// Returns at once if a completion was called or an operation has paused: only its user can go on then.
    ///
    /// - Returns: for each of `descriptors` whether it can.
    package func turn(waitingFor descriptors: [DescriptorWait] = [], milliseconds: Int? = nil) -> [Bool] {
        let before = events
        callDue()
        let now = MonotonicClock.milliseconds
        schedule.release(now: now)
        for call in schedule.overdue(now: now) { cancel(call) }
        if renewsCredentials { renewCredentials() }
        sendWaiting()
        policy.sent(isFull: pending >= policy.limit)
        loop.perform()
        sendWaiting()
        let milliseconds = events != before || !due.isEmpty ? 0 : timeout(milliseconds)
        guard let command = fetch?.descriptor else {
            return loop.wait(for: descriptors, milliseconds: milliseconds)
        }
        return loop.wait(for: descriptors + [.read(command)], milliseconds: milliseconds).dropLast()
    }

    /// Calls `body` as the next turn begins; until then it counts as pending.
    func later(_ body: @escaping () -> Void) { due.append(body) }

    private func callDue() {
        guard !due.isEmpty else { return }
        events += 1
        let bodies = due
        due.removeAll()
        for body in bodies { body() }
    }

    /// What another thread may call to end a `turn`.
    package var wakeUp: @Sendable () -> Void {
        let waker = loop.waker
        return { waker.wakeUp() }
    }

    /// Cancels all that has not ended.
    package func cancelAll() { for call in schedule.all { cancel(call) } }

    /// The run is to end soon: what cleans up is tried three times, and it and what was cancelled but for the
    /// answer on its way have five seconds.
    package func hurry() { schedule.hurry() }

    /// Cancels what waits to be sent, for the first time or again, but nothing that cleans up.
    package func cancelUnsent() { for call in schedule.cancellable { cancel(call) } }

    /// The call's transfer was paused. Nothing more comes of it before `resume`, so no one may wait for it.
    func paused(_ call: S3Call) {
        events += 1
        schedule.paused(call.id)
    }

    func resume(_ call: S3Call) {
        schedule.resumed(call.id)
        if let transfer = call.transfer { loop.resume(transfer) }
    }

    func cancelUnlessSent(_ call: S3Call) {
        schedule.makeLastAttempt(call.id)
        if !schedule.isSent(call.id) { cancel(call) }
    }

    func cancel(_ call: S3Call) {
        if let transfer = call.transfer { return loop.cancel(transfer) }
        guard !call.isOver, schedule[call.id] != nil else { return }
        schedule.remove(call.id)
        later { [self] in finish(call, cancellation(of: call)) }
    }

    private func cancellation(of call: S3Call) -> S3Error {
        var error = S3Error(.cancelled, "cancelled")
        error.operation = call.operationName
        error.attempts = max(1, call.history.failures)
        error.mayHaveBeenApplied = call.history.mayHaveBeenApplied
        error.isUnanswered = call.history.isUnanswered
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
        if renewsCredentials, renewal.holds(now: .now) { return }
        while let id = schedule.next(limit: policy.limit) {
            peakConnections = max(peakConnections, schedule.sentCount)
            if let call = schedule[id] { send(call) }
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
            call.transfer = try loop.start(request, call)
        } catch {
            finish(call, redaction.redacted(S3Error(error)))
        }
    }

    private func timeout(_ milliseconds: Int?) -> Int {
        // Nothing to wait for but the sockets: a long time, not for ever, costs nothing.
        var timeout = milliseconds ?? 60_000
        let scheduled = schedule.untilDue(now: MonotonicClock.milliseconds)
        for due in [scheduled, fetch?.milliseconds, renewal.milliseconds(now: .now)] {
            timeout = min(timeout, due ?? timeout)
        }
        return max(0, timeout)
    }

    // MARK: answers

    func attemptEnded(_ call: S3Call, _ result: TransferResult, body: [UInt8]) {
        schedule.ended(call.id)
        guard let failure = failure(call, result, body) else {
            policy.succeeded(call.history)
            noteMoved(call, result)
            checksumMode.succeeded(call.checksumMode)
            report(
                call, result, remark: policy.isNarrowed ? "at most \(policy.limit) requests at once" : "",
                attempt: call.history.failures + 1)
            finish(call, nil)
            return
        }
        if failure.saysExpired, renewsCredentials, !call.history.wasResigned,
            renewal.refused(generation: call.history.signing.generation, now: .now)
        {
            report(
                call, result, remark: "\(failure.code); retry with new credentials",
                attempt: call.history.failures + 1)
            return awaitCredentials(call)
        }
        let decision = policy.failed(
            failure, &call.history, progress: call.progress, now: .now,
            serverTime: result.head.text("date").flatMap(Timestamp.init(httpDate:)),
            isLast: { schedule.isLastAttempt(call.id, failures: $0) })
        if case .giveUp = decision, checksumMode.refused(failure, &call.checksumMode) {
            report(
                call, result, remark: "\(failure.code); retry without requesting checksums",
                attempt: max(1, call.history.failures))
            return schedule.sendAgain(call.id)
        }
        report(
            call, result, remark: remark(failure, decision), attempt: max(1, call.history.failures))
        switch decision {
        case .giveUp(let error):
            if error.status > 0 { noteMoved(call, result) }
            finish(call, stated(error, call))
        case .retry(let delay):
            schedule.delay(call.id, until: MonotonicClock.milliseconds + delay)
            if failure.kind == .unreachable { noteUnreachable(failure) }
        case .signAgain:
            builder.setSigning(policy.signing)
            schedule.sendAgain(call.id)
        }
    }

    /// What was answered shows how fast things go.
    private func noteMoved(_ call: S3Call, _ result: TransferResult) {
        let bytes = call.sentBytes + result.bytesReceived
        if policy.moved(bytes: bytes, now: MonotonicClock.milliseconds) { connectionsLog?(policy.limit) }
    }

    private func noteUnreachable(_ failure: S3Error) {
        // Where every request is shown, so was this.
        guard !hasNoticed, log == nil else { return }
        hasNoticed = true
        notice?("\(failure); retrying, up to \(maxAttempts) attempts")
    }

    /// What is wrong with an attempt's answer; nil if nothing is.
    private func failure(_ call: S3Call, _ result: TransferResult, _ body: [UInt8]) -> S3Error? {
        let response = S3Response(head: result.head, received: body)
        let isSuccess = (200..<300).contains(result.head.status)
        var error: S3Error?
        if call.isTooLarge {
            error = S3Error(.notS3, "the response is larger than \(Self.maximumGatheredSize) bytes")
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
        case .giveUp(let error): return error.kind == .cancelled ? "cancelled" : "\(reason); giving up"
        case .retry(let delay):
            return "\(reason); retry in \(delay) ms, at most \(policy.limit) requests at once"
        case .signAgain:
            let signing = policy.signing
            let offset =
                signing.clockOffsetSeconds == 0 ? "" : ", clock \(signing.clockOffsetSeconds) s ahead"
            return "\(reason); retry signed for region \(signing.region)\(offset)"
        }
    }

    private func finish(_ call: S3Call, _ error: S3Error?) {
        guard !call.isOver else { return }
        events += 1
        schedule.remove(call.id)
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
