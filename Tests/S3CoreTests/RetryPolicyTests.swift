import S3Core
import Testing

@Suite struct RetryPolicyTests {
    @Test func countsTheFirstAttempt() {
        var policy = RetryPolicy(maxAttempts: 3, random: Sequence(.max))
        #expect(policy.failed(error(.serverFailed, attempts: 2)) != .giveUp)
        #expect(policy.failed(error(.serverFailed, attempts: 3)) == .giveUp)
    }

    @Test(arguments: [
        S3Error.Kind.accessDenied, .noSuchKey, .preconditionFailed, .refused, .notS3, .cancelled,
    ])
    func permanentErrorsAreNotRetried(kind: S3Error.Kind) {
        var policy = RetryPolicy(maxAttempts: 10, random: Sequence(.max))
        #expect(policy.failed(error(kind, attempts: 1)) == .giveUp)
    }

    @Test(arguments: [(1, 50), (2, 100), (5, 800), (9, 12_800), (10, 20_000), (1000, 20_000)])
    func theCeilingDoublesUpToTwentySeconds(attempts: Int, milliseconds: Int) {
        #expect(longest(.serverFailed, attempts: attempts, within: milliseconds))
    }

    @Test func throttlingStartsAtASecond() { #expect(longest(.throttled, attempts: 1, within: 1000)) }

    @Test func jitterIsFull() {
        var policy = RetryPolicy(maxAttempts: 10, random: Sequence(0))
        #expect(policy.failed(error(.serverFailed, attempts: 5)) == .retry(afterMilliseconds: 0))
    }

    @Test(arguments: [(10, 10), (3000, 3000), (60_000, 5000)])
    func theServicesOwnDelayIsHonouredWithinFiveSeconds(wanted: Int, delay: Int) {
        var policy = RetryPolicy(maxAttempts: 10, random: Sequence(0))
        var error = error(.throttled, attempts: 1)
        error.retryAfterMilliseconds = wanted
        #expect(policy.failed(error) == .retry(afterMilliseconds: delay))
    }

    @Test func anEmptyBucketDelaysAndNeverDenies() {
        var policy = RetryPolicy(maxAttempts: 10, random: Sequence(0))
        for _ in 0..<35 { _ = policy.failed(error(.serverFailed, attempts: 1)) }
        #expect(policy.isExhausted)
        #expect(policy.failed(error(.serverFailed, attempts: 4)) == .retry(afterMilliseconds: 400))
        policy.succeeded(after: error(.serverFailed, attempts: 1))
        #expect(!policy.isExhausted)
    }

    @Test func throttlingCostsLessAndSuccessRefundsARetry() {
        var policy = RetryPolicy(maxAttempts: 10, random: Sequence(0))
        for _ in 0..<97 { _ = policy.failed(error(.throttled, attempts: 1)) }
        #expect(!policy.isExhausted)
        _ = policy.failed(error(.throttled, attempts: 1))
        #expect(policy.isExhausted)
        policy.succeeded(after: error(.throttled, attempts: 1))
        #expect(!policy.isExhausted)
        _ = policy.failed(error(.throttled, attempts: 1))
        for _ in 0..<3 { policy.succeeded(after: nil) }
        #expect(policy.isExhausted)
        policy.succeeded(after: nil)
        #expect(!policy.isExhausted)
    }

    @Test func theWindowHalvesOnceARoundAndGrowsBack() {
        var window = ConcurrencyWindow(64...64)
        window.slowedDown()
        #expect(window.limit == 32)
        for _ in 0..<32 { window.slowedDown() }
        #expect(window.limit == 32)
        window.slowedDown()
        #expect(window.limit == 16)
        for _ in 0..<5000 { window.succeeded() }
        #expect(window.limit == 64)
        for _ in 0..<5000 { window.slowedDown() }
        #expect(window.limit == 1)
    }

    private func error(_ kind: S3Error.Kind, attempts: Int) -> S3Error {
        var error = S3Error(kind, "")
        error.attempts = attempts
        return error
    }

    /// With a random number just below the ceiling the delay is the ceiling, rounded down.
    private func longest(_ kind: S3Error.Kind, attempts: Int, within ceiling: Int) -> Bool {
        var policy = RetryPolicy(maxAttempts: 10_000, random: Sequence(.max))
        guard case .retry(let delay) = policy.failed(error(kind, attempts: attempts)) else { return false }
        return (ceiling - 1...ceiling).contains(delay)
    }

    /// A generator of one number.
    private struct Sequence: RandomNumberGenerator, Sendable {
        let number: UInt64
        init(_ number: UInt64) { self.number = number }
        func next() -> UInt64 { number }
    }
}
