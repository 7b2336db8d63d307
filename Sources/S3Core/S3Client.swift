import ByteIO
package import HTTPTransfer

/// One request as `--verbose` shows it, after it has ended.
package struct RequestRecord: Sendable {
    package let operation: String
    package let method: HTTPMethod
    package let key: [UInt8]?
    /// 0 if there was no answer.
    package let status: Int
    /// 1 for the first one.
    package let attempt: Int
    package let microseconds: Int
    /// What went wrong, and what comes of it.
    package let remark: String
}

/// All operations on one bucket: sends them, as many at once as the service bears, and makes failed
/// attempts again.
///
/// One thread. Completions are called from within `turn`, and may start further operations.
package final class S3Client {
    /// The most bytes of an answer that are gathered; a page of a list has some hundred thousand.
    static let maximumGatheredSize = 16 << 20
    /// An attempt that got on by this many bytes is not counted as a failed one: a download may lose its
    /// connection any number of times as long as it comes closer to its end.
    private static let countedProgress = 64 << 10

    /// The bucket's name.
    package let bucket: String
    /// Whether checksums of downloads are asked for and verified.
    package let verifiesChecksums: Bool
    /// Told of each request.
    package var log: ((RequestRecord) -> Void)?

    private let loop: TransferLoop
    private var builder: RequestBuilder
    private var policy: RetryPolicy
    private var window: ConcurrencyWindow
    /// Calls that wait for a free connection; those in `again` go first.
    private var waiting = CallQueue()
    private var again = CallQueue()
    private var delayed: [(due: Int, call: S3Call)] = []
    private var sent: [ObjectIdentifier: S3Call] = [:]
    private var outcomes = 0

    package init(_ configuration: S3Configuration, bucket: String) throws(S3Error) {
        self.bucket = bucket
        verifiesChecksums = configuration.verifiesChecksums
        var options = TransferOptions()
        options.keptConnections = configuration.maxConnections
        options.certificateBundle = configuration.certificateBundle
        do { loop = try TransferLoop(options) } catch { throw S3Error(error) }
        builder = RequestBuilder(configuration, bucket: bucket)
        policy = RetryPolicy(maxAttempts: configuration.maxAttempts)
        window = ConcurrencyWindow(maximum: configuration.maxConnections)
    }

    /// How many calls have not ended.
    package var pending: Int { sent.count + delayed.count + again.count + waiting.count }

    /// How many more calls would be sent at once.
    package var freeConnections: Int { max(0, window.limit - pending) }

    /// Starts an operation. `completion` is called once, never before this returns.
    @discardableResult
    package func perform<Operation: S3Operation>(
        _ operation: Operation, completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) -> S3Call {
        let call = OperationCall(operation, client: self, completion: completion)
        waiting.append(call)
        return call
    }

    /// Sends what can be sent, hands out what has ended, and then waits until there is more to do: an
    /// answer, a retry that is due, one of `descriptors` that can be read, `milliseconds` that have passed.
    ///
    /// Returns at once if a completion was called.
    ///
    /// - Returns: for each of `descriptors` whether it can be read.
    package func turn(waitingFor descriptors: [CInt] = [], milliseconds: Int? = nil) -> [Bool] {
        let before = outcomes
        releaseDelayed()
        sendWaiting()
        loop.perform()
        sendWaiting()
        return loop.wait(for: descriptors, milliseconds: outcomes != before ? 0 : timeout(milliseconds))
    }

    /// What another thread may use to end a `turn`.
    package var waker: TransferWaker { loop.waker }

    /// Cancels all that has not ended.
    package func cancelAll() {
        let calls = Array(sent.values) + delayed.map(\.call) + again.removeAll() + waiting.removeAll()
        for call in calls { cancel(call) }
    }

    func resume(_ call: S3Call) {
        if let transfer = call.transfer { loop.resume(transfer) }
    }

    func cancel(_ call: S3Call) {
        guard !call.isOver else { return }
        if let transfer = call.transfer {
            loop.cancel(transfer)
        } else {
            delayed.removeAll { $0.call === call }
            outcomes += 1
            call.end(S3Error(.cancelled, "cancelled"))
        }
    }

    // MARK: sending

    private func sendWaiting() {
        while sent.count < window.limit, let call = again.popFirst() ?? waiting.popFirst() {
            if !call.isOver { send(call) }
        }
    }

    private func send(_ call: S3Call) {
        call.beginAttempt()
        call.signedFor = (builder.region, builder.clockOffsetSeconds)
        let request = builder.request(call.request(), payloadHash: &call.payloadHash)
        do {
            sent[ObjectIdentifier(call)] = call
            call.transfer = try loop.start(request, call)
        } catch {
            sent[ObjectIdentifier(call)] = nil
            finish(call, S3Error(error))
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
        return max(0, timeout)
    }

    // MARK: answers

    func attemptEnded(_ call: S3Call, _ result: TransferResult, body: [UInt8]) {
        sent[ObjectIdentifier(call)] = nil
        let response = S3Response(head: result.head, body: body)
        var error: S3Error?
        if let transferError = result.error, !call.hasEnough {
            error = call.failure(S3Error(transferError))
            error?.status = result.head.status
        } else if (200..<300).contains(result.head.status) {
            error = call.evaluate(response)
        } else {
            error = ErrorDocument.error(response, method: call.method, addressesObject: call.key != nil)
        }
        call.attempts += 1
        let attempt = call.attempts
        let remark = error.map { settle(call, $0, response.head) } ?? ""
        report(call, result, attempt: attempt, remark: remark)
        guard error == nil else { return }
        window.succeeded()
        policy.succeeded(after: call.lastError)
        finish(call, nil)
    }

    /// Decides what comes of a failed attempt.
    ///
    /// - Returns: the decision, in words.
    private func settle(_ call: S3Call, _ failure: S3Error, _ head: HTTPResponseHead) -> String {
        var error = failure
        if call.progress >= call.progressAtLastFailure + Self.countedProgress {
            call.progressAtLastFailure = call.progress
            call.attempts = 1
        }
        call.mayHaveBeenApplied = call.mayHaveBeenApplied || error.mayHaveBeenApplied
        error.operation = call.operationName
        error.attempts = call.attempts
        error.mayHaveBeenApplied = call.mayHaveBeenApplied
        if let cure = cure(call, error, head) {
            call.attempts -= 1
            again.append(call)
            return "\(error.code): \(cure)"
        }
        // Whom the run ends for is named, however little the service or libcurl says.
        if error.kind == .noSuchBucket { error.message = "bucket '\(bucket)' does not exist" }
        if error.kind == .unreachable { error.message = "\(builder.authority): \(error.message)" }
        if error.kind == .throttled || policy.isExhausted { window.slowedDown() }
        switch policy.failed(error) {
        case .giveUp:
            finish(call, error)
            return "\(reason(error)); given up"
        case .retry(let delay):
            call.lastError = error
            delayed.append((MonotonicClock.milliseconds + delay, call))
            return "\(reason(error)); again in \(delay) ms, \(window.limit) at once"
        }
    }

    private func reason(_ error: S3Error) -> String { error.code.isEmpty ? error.message : error.code }

    /// What was wrong with how the request was signed, and is put right for all that follow: then it is
    /// sent again without being counted. Once for each mistake, so that no two answers can alternate.
    private func cure(_ call: S3Call, _ error: S3Error, _ head: HTTPResponseHead) -> String? {
        switch error.kind {
        case .wrongRegion:
            if call.signedFor.region == builder.region {
                guard !regionWasCorrected, let region = error.region, region != builder.region else {
                    return nil
                }
                regionWasCorrected = true
                builder.setRegion(region)
            }
            return "signed again for region \(builder.region)"
        case .clockSkewed:
            if call.signedFor.clockOffsetSeconds == builder.clockOffsetSeconds {
                guard !clockWasCorrected, let date = head.text("date").flatMap(Timestamp.init(httpDate:))
                else { return nil }
                clockWasCorrected = true
                builder.clockOffsetSeconds = date.seconds - Timestamp.now.seconds
            }
            return "signed again, \(builder.clockOffsetSeconds) s ahead of this machine's clock"
        default: return nil
        }
    }
    private var regionWasCorrected = false
    private var clockWasCorrected = false

    private func finish(_ call: S3Call, _ error: S3Error?) {
        outcomes += 1
        call.end(error)
    }

    private func report(_ call: S3Call, _ result: TransferResult, attempt: Int, remark: String) {
        log?(
            RequestRecord(
                operation: call.operationName, method: call.method, key: call.key, status: result.head.status,
                attempt: attempt, microseconds: result.microseconds, remark: remark))
    }
}

/// Calls in order. Taking the first is constant in time, as is appending.
private struct CallQueue {
    private var calls: [S3Call?] = []
    private var first = 0

    var count: Int { calls.count - first }

    mutating func append(_ call: S3Call) { calls.append(call) }

    mutating func popFirst() -> S3Call? {
        guard first < calls.count else { return nil }
        let call = calls[first]
        calls[first] = nil
        first += 1
        // Compact when half is used up: each element is moved at most once for each time it was appended.
        if first > 64, 2 * first > calls.count {
            calls.removeFirst(first)
            first = 0
        }
        return call
    }

    mutating func removeAll() -> [S3Call] {
        defer { self = CallQueue() }
        return calls[first...].compactMap { $0 }
    }
}
