/// What one operation has been through.
package struct AttemptHistory: Equatable, Sendable {
    /// How a request was signed: what a service may object to, and what can be put right.
    package struct Signing: Equatable, Sendable {
        package var region: String
        /// How far the service's clock is ahead of this machine's.
        package var clockOffsetSeconds = 0
        /// Which credentials; counts up with each renewal.
        package var generation = 0

        package init(region: String) { self.region = region }
    }

    /// Attempts that failed since the last one that got on.
    package var failures = 0
    /// The failure that the last retry was for.
    package var lastError: S3Error?
    /// True if an attempt may have been acted on although no good answer came.
    package var mayHaveBeenApplied = false
    /// True if the service did not answer an attempt, and may still be at work on it.
    package var isUnanswered = false
    /// True if it was signed again with new credentials, which is done once.
    package var wasResigned = false
    /// How the last attempt was signed.
    package var signing = Signing(region: "")
    /// The bytes that the operation had when a failure was last forgiven.
    fileprivate var forgivenProgress = 0

    package init() {}
}

/// What comes of each attempt of every operation: the one place that decides on retries, on how many
/// requests are under way, and on signing again for another region or clock. A plain state machine.
package struct AttemptPolicy: Sendable {
    package enum Decision: Equatable, Sendable {
        /// The operation has failed with this error.
        case giveUp(S3Error)
        /// Send it again once this time is over.
        case retry(afterMilliseconds: Int)
        /// It was signed wrongly: send it again at once, which does not count as an attempt.
        case signAgain

        var isAnotherAttempt: Bool { if case .giveUp = self { false } else { true } }
    }

    /// An attempt that got on by this many bytes is not counted as a failed one: a download may lose its
    /// connection any number of times as long as it comes closer to its end.
    private static let forgivingProgress = 64 << 10

    /// How requests are signed from now on.
    package private(set) var signing: AttemptHistory.Signing
    private var retry: RetryPolicy
    private var window: ConcurrencyWindow
    // Each mistake is put right once, so that two answers cannot send a run back and forth.
    private var hasCorrectedRegion = false
    private var hasCorrectedClock = false

    package init(region: String, retry: RetryPolicy, window: ConcurrencyWindow) {
        signing = AttemptHistory.Signing(region: region)
        self.retry = retry
        self.window = window
    }

    /// Requests are signed with other credentials from now on.
    package mutating func renewed(generation: Int) { signing.generation = generation }

    /// How many requests may be under way.
    package var limit: Int { window.limit }

    /// Whether that is less than it was before the service asked to slow down.
    package var isNarrowed: Bool { window.isNarrowed }

    /// Requests were sent, as many as there may be or fewer.
    package mutating func sent(isFull: Bool) { window.sent(isFull: isFull) }

    /// An attempt was answered that moved so many bytes, at a time of the monotonic clock in milliseconds.
    ///
    /// - Returns: whether `limit` has changed, because of what was moved up to now.
    package mutating func moved(bytes: Int, now: Int) -> Bool { window.moved(bytes: bytes, now: now) }

    /// An attempt was answered well.
    package mutating func succeeded(_ history: AttemptHistory) {
        window.succeeded()
        retry.succeeded(after: history.lastError)
    }

    /// Decides what comes of a failed attempt.
    ///
    /// - Parameters:
    ///   - progress: bytes that the operation has, if it goes on where it stopped.
    ///   - now: this machine's time and
    ///   - serverTime: what the answer's Date field says, if there was one.
    ///   - isLast: whether no other attempt is made after so many that failed.
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
        // These tell that the earlier attempt has ended; a service that is busy or fails now does not.
        let tellsTheEnd = failure.kind == .noSuchUpload || failure.kind == .preconditionFailed
        history.isUnanswered = failure.isUnanswered || (history.isUnanswered && !tellsTheEnd)
        var error = failure
        error.attempts = history.failures
        error.mayHaveBeenApplied = history.mayHaveBeenApplied
        error.isUnanswered = history.isUnanswered
        switch retry.failed(error) {
        case .giveUp:
            // A definite answer shows a service at work, whatever it says.
            if error.status > 0, error.kind != .throttled { window.succeeded() }
            return .giveUp(error)
        case .retry(let delay):
            if error.kind == .throttled || retry.isExhausted { window.slowedDown() }
            history.lastError = error
            return .retry(afterMilliseconds: delay)
        }
    }

    /// True if the request was signed for a region or by a clock that is known by now to be wrong, or that
    /// this answer corrects.
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
