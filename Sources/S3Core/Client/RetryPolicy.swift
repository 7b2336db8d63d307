/// Whether and when a failed attempt is made again. A plain state machine: failures in, delays out.
///
/// Source: AWS SDKs and Tools Reference Guide, "Retry behavior", standard mode; but an empty bucket makes a
/// retry wait longer, it never denies one, since each record has its own number of attempts.
package struct RetryPolicy: Sendable {
    package enum Decision: Equatable, Sendable {
        case retry(afterMilliseconds: Int)
        case giveUp
    }

    /// Failures that pass by themselves.
    private enum FailureClass {
        case transient, throttling

        var baseMilliseconds: Double { self == .transient ? 50 : 1000 }
        var cost: Int { self == .transient ? 14 : 5 }
    }

    private static let capMilliseconds = 20_000.0
    private static let bucketCapacity = 500
    /// The longest time by which a service's own `x-amz-retry-after` may exceed what would have been waited.
    private static let retryAfterRangeMilliseconds = 5000

    private let maxAttempts: Int
    private var tokens = bucketCapacity
    private var random: any RandomNumberGenerator & Sendable

    /// - Parameter maxAttempts: how many times a request is made at most, the first one counted.
    package init(
        maxAttempts: Int, random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.maxAttempts = maxAttempts
        self.random = random
    }

    /// True if the bucket cannot pay for another retry: everything should slow down.
    package var isExhausted: Bool { tokens < FailureClass.transient.cost }

    /// Decides about the next attempt after `error`, of which `error.attempts` were made.
    package mutating func failed(_ error: S3Error) -> Decision {
        guard let failure = Self.failureClass(error), error.attempts < maxAttempts else { return .giveUp }
        let ceiling = min(
            Self.capMilliseconds, failure.baseMilliseconds * exp2Clamped(error.attempts - 1))
        // The upper 53 bits as a fraction of 1: a generator need not be a good one for this to end.
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

    /// A request succeeded: what its last retry cost comes back, or one token if there was none.
    package mutating func succeeded(after error: S3Error?) {
        let refund = error.flatMap { Self.failureClass($0)?.cost } ?? 1
        tokens = min(Self.bucketCapacity, tokens + refund)
    }

    private static func failureClass(_ error: S3Error) -> FailureClass? {
        switch error.kind {
        case .throttled: .throttling
        // A conflict is another conditional request under way: the next attempt meets its outcome.
        case .timedOut, .unreachable, .connectionLost, .serverFailed, .damaged, .conflict: .transient
        default: nil
        }
    }

    /// 2 to the power of `exponent`, which may be any number of attempts.
    private func exp2Clamped(_ exponent: Int) -> Double { Double(1 << min(max(exponent, 0), 20)) }
}
