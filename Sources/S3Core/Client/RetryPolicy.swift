/// Decides whether and when a failed attempt is retried. A state machine: failures in, delays out.
///
/// Source: AWS SDKs and Tools Reference Guide, "Retry behavior", standard mode. Unlike there, an empty token
/// bucket lengthens the delay instead of denying the retry, because the number of attempts is limited per
/// record.
package struct RetryPolicy: Sendable {
    package enum Decision: Equatable, Sendable {
        case retry(afterMilliseconds: Int)
        case giveUp
    }

    /// The kinds of failures that are retried.
    private enum FailureClass {
        case transient, throttling

        var baseMilliseconds: Double { self == .transient ? 50 : 1000 }
        var cost: Int { self == .transient ? 14 : 5 }
    }

    private static let capMilliseconds = 20_000.0
    private static let bucketCapacity = 500
    /// How far `x-amz-retry-after` may exceed the computed delay.
    private static let retryAfterRangeMilliseconds = 5000

    private let maxAttempts: Int
    private var tokens = bucketCapacity
    private var random: any RandomNumberGenerator & Sendable

    /// - Parameter maxAttempts: the maximum number of attempts, including the first.
    package init(
        maxAttempts: Int, random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.maxAttempts = maxAttempts
        self.random = random
    }

    /// True if the token bucket has too few tokens for another retry: the client should slow down.
    package var isExhausted: Bool { tokens < FailureClass.transient.cost }

    /// Decides about the next attempt after `error`; `error.attempts` attempts were made.
    package mutating func failed(_ error: S3Error) -> Decision {
        guard let failure = Self.failureClass(error), error.attempts < maxAttempts else { return .giveUp }
        let ceiling = min(
            Self.capMilliseconds, failure.baseMilliseconds * exp2Clamped(error.attempts - 1))
        // The upper 53 bits as a fraction of 1. Unlike `Double.random`, this ends even with a poor generator.
        var delay = Int(ceiling * Double(random.next() >> 11) * 0x1p-53)
        if let wanted = error.retryAfterMilliseconds {
            delay = min(max(wanted, delay), delay + Self.retryAfterRangeMilliseconds)
        }
        if tokens < failure.cost {
            delay = max(delay, Int(ceiling))
        } else {
            tokens -= failure.cost
        }
        return .retry(afterMilliseconds: delay)
    }

    /// Records a success: refunds the tokens of the last retry, or one token if there was none.
    package mutating func succeeded(after error: S3Error?) {
        let refund = error.flatMap { Self.failureClass($0)?.cost } ?? 1
        tokens = min(Self.bucketCapacity, tokens + refund)
    }

    private static func failureClass(_ error: S3Error) -> FailureClass? {
        switch error.kind {
        case .throttled: .throttling
        // A conflict means that another conditional request is in progress: the next attempt sees its
        // outcome.
        case .timedOut, .unreachable, .connectionLost, .serverFailed, .damaged, .conflict: .transient
        default: nil
        }
    }

    /// 2 to the power of `exponent`, clamped so that it cannot overflow.
    private func exp2Clamped(_ exponent: Int) -> Double { Double(1 << min(max(exponent, 0), 20)) }
}
