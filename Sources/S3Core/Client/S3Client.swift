package import ByteIO
import HTTPTransfer

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
    /// Whether `notice` was called.
    var hasNoticed = false
    let proxies: ProxySettings
    let scheme: Endpoint.Scheme
    let loop: TransferLoop
    /// Where to find credentials if they do not come from the environment, and how to renew them.
    let lookup: CredentialsLookup?
    /// The time without progress after which a request fails, in milliseconds.
    let timeoutMilliseconds: Int
    /// Whether credentials can be renewed.
    let renewsCredentials: Bool
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
    var checksumMode = ChecksumMode()
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
            cancelOverdue(now: now)
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
            // Earlier attempts may have reached the service, and a later one may find memory.
            attemptEnded(call, TransferResult(error), body: [])
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

    /// Ends a call that needs no further attempt.
    func finish(_ call: S3Call, _ error: S3Error?) {
        guard !call.isOver else { return }
        events += 1
        schedule.remove(call.id)
        call.end(error)
    }
}
