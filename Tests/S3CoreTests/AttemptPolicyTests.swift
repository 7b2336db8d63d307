import S3Core
import Testing

@Suite struct AttemptPolicyTests {
    private static let now = Timestamp(seconds: 1_000_000)

    @Test func aRegionIsCorrectedOnceForAllRequests() {
        var policy = policy()
        var first = history(policy)
        var second = history(policy)
        #expect(fail(&policy, &first, wrongRegion("eu-west-1")) == .signAgain)
        #expect(policy.signing.region == "eu-west-1")
        // A request that was in flight meanwhile is signed again like all others.
        #expect(fail(&policy, &second, wrongRegion("eu-west-1")) == .signAgain)
        first.signing = policy.signing
        #expect(isGivenUp(fail(&policy, &first, wrongRegion("us-west-2"))))
        #expect(policy.signing.region == "eu-west-1")
        #expect(first.failures == 1 && second.failures == 0)
    }

    @Test func aMissingOrEqualRegionIsNotACorrection() {
        var policy = policy()
        var history = history(policy)
        #expect(isGivenUp(fail(&policy, &history, wrongRegion(nil))))
        #expect(isGivenUp(fail(&policy, &history, wrongRegion("us-east-1"))))
    }

    @Test func aClockIsCorrectedOnce() {
        var policy = policy()
        var history = history(policy)
        let skewed = S3Error(.clockSkewed, "")
        let server = Timestamp(seconds: Self.now.seconds + 1200)
        #expect(fail(&policy, &history, skewed, server: server) == .signAgain)
        #expect(policy.signing.clockOffsetSeconds == 1200)
        history.signing = policy.signing
        #expect(isGivenUp(fail(&policy, &history, skewed, server: server)))
    }

    @Test func withoutADateTheClockIsNotCorrected() {
        var policy = policy()
        var history = history(policy)
        #expect(isGivenUp(fail(&policy, &history, S3Error(.clockSkewed, ""))))
    }

    /// A download that makes progress may fail more often than the maximum number of attempts.
    @Test func progressResetsTheFailureCount() {
        var policy = policy(maxAttempts: 3)
        var history = history(policy)
        for round in 1...20 {
            let decision = fail(&policy, &history, S3Error(.connectionLost, ""), progress: round << 16)
            #expect(!isGivenUp(decision))
            #expect(history.failures == 1)
        }
        for _ in 0..<1 { _ = fail(&policy, &history, S3Error(.connectionLost, ""), progress: 20 << 16) }
        #expect(isGivenUp(fail(&policy, &history, S3Error(.connectionLost, ""), progress: 20 << 16)))
    }

    @Test func anAttemptThatMayHaveBeenAppliedIsRemembered() {
        var policy = policy()
        var history = history(policy)
        var lost = S3Error(.connectionLost, "")
        lost.mayHaveBeenApplied = true
        _ = fail(&policy, &history, lost)
        guard case .giveUp(let error) = fail(&policy, &history, S3Error(.preconditionFailed, "")) else {
            Issue.record("412 is final")
            return
        }
        #expect(error.mayHaveBeenApplied && error.attempts == 2)
    }

    /// A service that is busy and refuses a second attempt may still be processing the first.
    @Test(arguments: [S3Error.Kind.serverFailed, .throttled, .unreachable, .accessDenied])
    func anUnansweredAttemptIsRemembered(kind: S3Error.Kind) {
        #expect(isUnanswered(after: S3Error(kind, "")))
    }

    @Test(arguments: [S3Error.Kind.noSuchUpload, .preconditionFailed])
    func aLaterResponseMayShowThatAnAttemptHasEnded(kind: S3Error.Kind) {
        #expect(!isUnanswered(after: S3Error(kind, "")))
    }

    private func isUnanswered(after second: S3Error) -> Bool {
        var policy = policy()
        var history = history(policy)
        var lost = S3Error(.connectionLost, "")
        lost.isUnanswered = true
        _ = fail(&policy, &history, lost)
        guard case .giveUp(let error) = fail(&policy, &history, second, isLast: { _ in true }) else {
            Issue.record("it was the last")
            return false
        }
        return error.isUnanswered
    }

    /// After throttling, responses such as 404 or 412 restore the full limit.
    @Test func definiteAnswersLetTheWindowGrow() {
        var policy = policy()
        var throttled = history(policy)
        for _ in 0..<200 { _ = fail(&policy, &throttled, S3Error(.throttled, "")) }
        #expect(policy.limit < 8)
        for _ in 0..<500 {
            var other = history(policy)
            var error = S3Error(.noSuchKey, "")
            error.status = 404
            #expect(isGivenUp(fail(&policy, &other, error)))
        }
        #expect(policy.limit == 8)
    }

    /// The token bucket pays for 35 retries; meanwhile the limit does not change.
    @Test func anEmptyBucketShrinksTheWindow() {
        var policy = policy()
        for number in 1...35 {
            var history = history(policy)
            #expect(policy.limit == 8, "before failure \(number)")
            #expect(!isGivenUp(fail(&policy, &history, S3Error(.serverFailed, ""))))
        }
        #expect(policy.limit == 4)
    }

    @Test func aLastAttemptIsNotRetried() {
        var policy = policy()
        var history = history(policy)
        var lost = S3Error(.connectionLost, "")
        lost.mayHaveBeenApplied = true
        let isLast = { $0 >= 2 }
        #expect(!isGivenUp(fail(&policy, &history, lost, isLast: isLast)))
        let second = fail(&policy, &history, S3Error(.serverFailed, ""), isLast: isLast)
        guard case .giveUp(let error) = second else {
            Issue.record("\(second)")
            return
        }
        #expect(error.attempts == 2 && error.mayHaveBeenApplied && error.kind == .serverFailed)
        // Signing again is another attempt too.
        var other = self.history(policy)
        #expect(isGivenUp(fail(&policy, &other, wrongRegion("eu-west-1"), isLast: { _ in true })))
    }

    private func policy(maxAttempts: Int = 10_000) -> AttemptPolicy {
        AttemptPolicy(
            region: "us-east-1", retry: RetryPolicy(maxAttempts: maxAttempts),
            window: ConcurrencyWindow(8...8))
    }

    private func history(_ policy: AttemptPolicy) -> AttemptHistory {
        var history = AttemptHistory()
        history.signing = policy.signing
        return history
    }

    private func fail(
        _ policy: inout AttemptPolicy, _ history: inout AttemptHistory, _ error: S3Error, progress: Int = 0,
        server: Timestamp? = nil, isLast: (Int) -> Bool = { _ in false }
    ) -> AttemptPolicy.Decision {
        policy.failed(
            error, &history, progress: progress, now: Self.now, serverTime: server, isLast: isLast)
    }

    private func wrongRegion(_ region: String?) -> S3Error {
        var error = S3Error(.wrongRegion, "")
        error.region = region
        return error
    }

    private func isGivenUp(_ decision: AttemptPolicy.Decision) -> Bool {
        if case .giveUp = decision { true } else { false }
    }
}
