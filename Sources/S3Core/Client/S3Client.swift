package import ByteIO
import HTTPTransfer

/// One ended request, as `--verbose` shows it.
package struct RequestRecord: Sendable {
    package let operation: String
    /// The HTTP method, such as `PUT`.
    package let method: String
    package let key: [UInt8]?
    /// The request's Range header; nil if it has none.
    package let range: String?
    /// The HTTP status; 0 if there was no response.
    package let status: Int
    /// 1 for the first one.
    package let attempt: Int
    package let microseconds: Int
    /// The error and the decision about it; also the limit of concurrent requests while it is reduced.
    package let remark: String
}

/// Runs operations on one bucket: sends them concurrently, up to the limit that the service allows, and
/// retries failed attempts.
///
/// For use on one thread. Completions are called only from within `turn`, and may start further operations.
/// Methods that start or cancel an operation never call a completion.
package final class S3Client {
    /// The size limit of a gathered response body. A page of a listing has some hundred thousand bytes.
    static let maximumGatheredSize = 16 << 20

    /// The bucket's name.
    package let bucket: String
    /// Whether checksums of downloads are requested and verified.
    package let verifiesChecksums: Bool
    /// The checksum algorithm of uploads; nil for none.
    let uploadChecksum: ObjectChecksum.Algorithm?
    /// The maximum number of attempts of a request, including the first.
    package let maxAttempts: Int
    /// Called after each request.
    package var log: ((RequestRecord) -> Void)?
    /// Called once, at the first connection failure that is retried: many attempts may follow before it
    /// becomes an error.
    package var notice: ((String) -> Void)?
    private var hasNoticed = false
    private let proxies: ProxySettings
    private let scheme: Endpoint.Scheme
    let loop: TransferLoop
    /// Where to find credentials if they do not come from the environment, and how to renew them.
    let lookup: CredentialsLookup?
    /// The time without progress after which a request fails, in milliseconds.
    let timeoutMilliseconds: Int
    /// Whether credentials can be renewed.
    private let renewsCredentials: Bool
    var renewal = CredentialsRenewal()
    var fetch: CredentialsFetch?
    /// Called with the new limit of concurrent requests when measured throughput changes it.
    package var connectionsLog: ((Int) -> Void)?
    /// The largest limit of concurrent requests.
    package let mostConnections: Int
    /// The largest number of concurrent requests so far.
    package private(set) var peakConnections = 0
    /// Called with the source of credentials, or with the reason why they could not be renewed.
    package var credentialsLog: ((String) -> Void)?
    package var commands = CommandSettings()
    /// The time limit of a credentials command. It may have to wait for the user's input, but must not hang
    /// for ever: a pipeline may run unattended for days.
    package var commandMilliseconds = 300_000
    var redaction = Redaction()
    var builder: RequestBuilder
    var policy: AttemptPolicy
    private var checksumMode = ChecksumMode()
    var schedule = CallSchedule<S3Call>()
    /// Closures that the next turn calls first.
    private var due: [() -> Void] = []
    /// Counts events that only the client's user can react to, such as completions.
    var events = 0

    /// - Parameter configuration: the bucket's own, `S3Configuration.specialized`.
    package init(_ configuration: S3Configuration, bucket: String) throws(S3Error) {
        self.bucket = bucket
        maxAttempts = configuration.maxAttempts
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

    /// The service's limits for the parts of an object.
    package var partRules: PartRules { builder.traits.parts }

    /// Whether the service is AWS.
    package var isAWS: Bool { builder.isAWS }

    /// Whether a request's signature includes the hash of its body.
    func signsPayload(hasChecksum: Bool) -> Bool {
        builder.isSigned && builder.signsPayload(hasChecksum: hasChecksum)
    }

    /// The number of calls whose completion has not been called.
    package var pending: Int { schedule.count + due.count }

    /// The current limit of concurrent requests.
    package var connections: Int { policy.limit }

    /// The number of further calls that would be sent without waiting.
    package var freeConnections: Int { max(0, policy.limit - pending) }

    /// Starts an operation. `completion` is called once, never before this method returns.
    ///
    /// - Parameters:
    ///   - cleansUp: whether it only removes leftovers. It is sent before all waiting calls, and
    ///     `cancelUnsent` does not cancel it.
    @discardableResult
    package func perform<Operation: S3Operation>(
        _ operation: Operation, cleansUp: Bool = false,
        completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) -> S3Call {
        let call = OperationCall(operation, client: self, completion: completion)
        call.id = schedule.add(call, cleansUp: cleansUp)
        return call
    }

    /// Starts to fetch an object. Its sink's `ended` is called once, never before this method returns.
    package func perform(_ operation: GetObject) -> S3Call {
        let call = GetObjectCall(operation, client: self)
        call.id = schedule.add(call)
        return call
    }

    /// True if no intermediary that might change a response is expected.
    var isDirect: Bool { builder.isAWS }

    /// Starts an operation that a running call waits for: it is sent before all waiting calls.
    func performFirst<Operation: S3Operation>(
        _ operation: Operation, completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) {
        let call = OperationCall(operation, client: self, completion: completion)
        call.id = schedule.add(call, goesFirst: true)
    }

    /// Sends waiting calls, delivers completions, and then waits for the next event: a response, a retry that
    /// is due, a ready descriptor in `descriptors`, or the end of `milliseconds`.
    ///
    /// Does not wait if a completion was called, an operation has paused, or bytes of an object arrived: only the
    /// client's user can continue then. All other events on a connection concern only the client.
    ///
    /// - Returns: for each of `descriptors` whether it is ready.
    package func turn(waitingFor descriptors: [DescriptorWait] = [], milliseconds: Int? = nil) -> [Bool] {
        let before = events
        var now = MonotonicClock.milliseconds
        let end = milliseconds.map { now + $0 }
        while true {
            callDue()
            schedule.release(now: now)
            for call in schedule.overdue(now: now) { cancel(call) }
            if renewsCredentials { renewCredentials() }
            sendWaiting()
            policy.sent(isFull: pending >= policy.limit)
            loop.perform()
            sendWaiting()
            let hasNews = events != before || !due.isEmpty
            let ready = wait(for: descriptors, milliseconds: hasNews ? 0 : timeout(end))
            let wasWoken = loop.takeWakeUp()
            if hasNews || wasWoken || ready.contains(true) { return ready }
            now = MonotonicClock.milliseconds
            if let end, now >= end { return ready }
        }
    }

    private func wait(for descriptors: [DescriptorWait], milliseconds: Int) -> [Bool] {
        guard let command = fetch?.descriptor else {
            return loop.wait(for: descriptors, milliseconds: milliseconds)
        }
        return loop.wait(for: descriptors + [.read(command)], milliseconds: milliseconds).dropLast()
    }

    /// Calls `body` at the start of the next turn; until then it counts as pending.
    func later(_ body: @escaping () -> Void) { due.append(body) }

    private func callDue() {
        guard !due.isEmpty else { return }
        events += 1
        let bodies = due
        due.removeAll()
        for body in bodies { body() }
    }

    /// A closure that ends a waiting `turn`; any thread may call it.
    package var wakeUp: @Sendable () -> Void {
        let waker = loop.waker
        return { waker.wakeUp() }
    }

    /// Cancels all calls.
    package func cancelAll() { for call in schedule.all { cancel(call) } }

    /// The run is about to end: cleanup calls get three attempts. Cleanup calls, and cancelled calls that
    /// wait for a response, have five seconds.
    package func hurry() { schedule.hurry() }

    /// Cancels calls that wait for their first attempt or a retry, except cleanup calls.
    package func cancelUnsent() { for call in schedule.cancellable { cancel(call) } }

    /// The call's transfer was paused. It makes no progress before `resume`, so no other call may wait for
    /// it.
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

    /// Adds to the error of a cancelled request that its effect is unknown, if the service may have applied
    /// it.
    private func stated(_ error: S3Error, _ call: S3Call) -> S3Error {
        var error = error
        if error.kind == .cancelled, error.mayHaveBeenApplied, call.method != .get, call.method != .head {
            error.message += ", state unknown"
        }
        return error
    }

    // MARK: sending

    private func sendWaiting() {
        guard schedule.hasUnsent else { return }
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

    /// - Parameter end: when the turn ends, by the monotonic clock in milliseconds; nil if time alone does not end it.
    private func timeout(_ end: Int?) -> Int {
        let now = MonotonicClock.milliseconds
        // Without another limit, a long time: it costs nothing.
        var timeout = end.map { $0 - now } ?? 60_000
        if let due = schedule.untilDue(now: now) { timeout = min(timeout, due) }
        if renewsCredentials {
            if let due = fetch?.milliseconds { timeout = min(timeout, due) }
            if let due = renewal.milliseconds(now: .now) { timeout = min(timeout, due) }
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

    /// Measures throughput by an answered call.
    private func noteMoved(_ call: S3Call, _ result: TransferResult) {
        let bytes = call.sentBytes + result.bytesReceived
        if policy.moved(bytes: bytes, now: MonotonicClock.milliseconds) { connectionsLog?(policy.limit) }
    }

    private func noteUnreachable(_ failure: S3Error) {
        // If every request is logged, this one is shown already.
        guard !hasNoticed, log == nil else { return }
        hasNoticed = true
        notice?("\(failure); retrying, up to \(maxAttempts) attempts")
    }

    /// The error of an attempt's response; nil for a success.
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

    /// Describes a failure and the decision about it.
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
