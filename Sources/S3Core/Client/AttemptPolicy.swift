/// The state that retries of one operation depend on.
package struct AttemptHistory: Equatable, Sendable {
    /// The parameters of a request's signature: a service may reject them, and the policy may then correct
    /// them.
    package struct Signing: Equatable, Sendable {
        package var region: String
        /// How far the service's clock is ahead of this machine's.
        package var clockOffsetSeconds = 0
        /// The number of the credentials; each renewal increments it.
        package var generation = 0

        package init(region: String) { self.region = region }
    }

    /// Failed attempts since the operation last made progress.
    package var failures = 0
    /// The failure that caused the last retry.
    package var lastError: S3Error?
    /// True if the service may have applied an attempt although it sent no success response.
    package var mayHaveBeenApplied = false
    /// True if the service did not answer an attempt and may still be processing it.
    package var isUnanswered = false
    /// True if it was signed again with new credentials; this happens at most once.
    package var wasResigned = false
    /// How the last attempt was signed.
    package var signing = Signing(region: "")
    /// The operation's progress in bytes when the failure count was last reset.
    fileprivate var forgivenProgress = 0

    package init() {}
}

/// Decides what happens after each attempt of every operation. All decisions on retries, on the number of
/// concurrent requests, and on signing again for another region or clock are made here. A state machine
/// without I/O.
package struct AttemptPolicy: Sendable {
    package enum Decision: Equatable, Sendable {
        /// The operation has failed with this error.
        case giveUp(S3Error)
        /// Send it again after this time.
        case retry(afterMilliseconds: Int)
        /// The signature was wrong: sign and send it again at once. This does not count as an attempt.
        case signAgain

        var isAnotherAttempt: Bool { if case .giveUp = self { false } else { true } }
    }

    /// The failure count restarts if an attempt received at least this many bytes: a download may lose its
    /// connection any number of times if each attempt makes progress.
    private static let forgivingProgress = 64 << 10

    /// How requests are signed from now on.
    package private(set) var signing: AttemptHistory.Signing
    private var retry: RetryPolicy
    private var window: ConcurrencyWindow
    // Region and clock are corrected once each, so that two contradicting responses cannot cause an endless
    // loop.
    private var hasCorrectedRegion = false
    private var hasCorrectedClock = false

    package init(region: String, retry: RetryPolicy, window: ConcurrencyWindow) {
        signing = AttemptHistory.Signing(region: region)
        self.retry = retry
        self.window = window
    }

    /// From now on, requests are signed with the credentials of this generation.
    package mutating func renewed(generation: Int) { signing.generation = generation }

    /// The maximum number of concurrent requests.
    package var limit: Int { window.limit }

    /// Whether the limit is below its value before the service asked to slow down.
    package var isNarrowed: Bool { window.isNarrowed }

    /// Records that requests were sent. `isFull` is true if the limit was reached.
    package mutating func sent(isFull: Bool) { window.sent(isFull: isFull) }

    /// Records an attempt with a response that transferred `bytes` bytes. `now` is the monotonic clock in
    /// milliseconds.
    ///
    /// - Returns: whether `limit` has changed because of the measured throughput.
    package mutating func moved(bytes: Int, now: Int) -> Bool { window.moved(bytes: bytes, now: now) }

    /// Records a success response.
    package mutating func succeeded(_ history: AttemptHistory) {
        window.succeeded()
        retry.succeeded(after: history.lastError)
    }

    /// Decides what happens after a failed attempt.
    ///
    /// - Parameters:
    ///   - progress: bytes that the operation has received, if it can resume there; otherwise 0.
    ///   - now: this machine's time.
    ///   - serverTime: the time in the response's Date header, if it has one.
    ///   - isLast: whether no further attempt follows, given the number of failed attempts.
    package mutating func failed(
        _ failure: S3Error, _ history: inout AttemptHistory, progress: Int, now: Timestamp,
        serverTime: Timestamp?, isLast: (Int) -> Bool = { _ in false }
    ) -> Decision {
        let decision = decide(failure, &history, progress: progress, now: now, serverTime: serverTime)
        guard decision.isAnotherAttempt, isLast(history.failures) else { return decision }
        var error = failure
        error.attempts = max(1, history.failures)
        error.mayHaveBeenApplied = error.mayHaveBeenApplied || history.mayHaveBeenApplied
        error.isUnanswered = error.isUnanswered || history.isUnanswered
        return .giveUp(error)
    }

    private mutating func decide(
        _ failure: S3Error, _ history: inout AttemptHistory, progress: Int, now: Timestamp,
        serverTime: Timestamp?
    ) -> Decision {
        if canSignAgain(failure, history.signing, now: now, serverTime: serverTime) { return .signAgain }
        if progress >= history.forgivenProgress + Self.forgivingProgress {
            history.forgivenProgress = progress
            history.failures = 0
        }
        history.failures += 1
        history.mayHaveBeenApplied = history.mayHaveBeenApplied || failure.mayHaveBeenApplied
        // These errors show that the earlier attempt has ended. A service that is busy or fails now does not
        // show that.
        let tellsTheEnd = failure.kind == .noSuchUpload || failure.kind == .preconditionFailed
        history.isUnanswered = failure.isUnanswered || (history.isUnanswered && !tellsTheEnd)
        var error = failure
        error.attempts = history.failures
        error.mayHaveBeenApplied = history.mayHaveBeenApplied
        error.isUnanswered = history.isUnanswered
        switch retry.failed(error) {
        case .giveUp:
            // A definite response, even an error, shows that the service works.
            if error.status > 0, error.kind != .throttled { window.succeeded() }
            return .giveUp(error)
        case .retry(let delay):
            if error.kind == .throttled || retry.isExhausted { window.slowedDown() }
            history.lastError = error
            return .retry(afterMilliseconds: delay)
        }
    }

    /// True if the request was signed for a region or clock that has since been corrected, or that this
    /// response corrects.
    private mutating func canSignAgain(
        _ error: S3Error, _ used: AttemptHistory.Signing, now: Timestamp, serverTime: Timestamp?
    ) -> Bool {
        switch error.kind {
        case .wrongRegion:
            if used.region != signing.region { return true }
            guard !hasCorrectedRegion, let region = error.region, region != used.region else { return false }
            hasCorrectedRegion = true
            signing.region = region
            return true
        case .clockSkewed:
            if used.clockOffsetSeconds != signing.clockOffsetSeconds { return true }
            guard !hasCorrectedClock, let serverTime else { return false }
            hasCorrectedClock = true
            signing.clockOffsetSeconds = serverTime.seconds - now.seconds
            return true
        default: return false
        }
    }
}
