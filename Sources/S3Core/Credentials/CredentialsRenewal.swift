/// Decides when expiring credentials are renewed. A state machine: times in, decisions out.
package struct CredentialsRenewal: Equatable, Sendable {
    /// The longest time before expiration at which credentials are renewed: botocore's mandatory refresh
    /// time.
    private static let longestLead = 600
    private static let firstRetry = 1
    private static let longestRetry = 60

    /// When the credentials in use expire; nil if they do not, or had expired when they were found.
    private var expiration: Timestamp?
    private var due: Timestamp?
    private var retry = firstRetry
    /// The generation that a service reported as expired: it is replaced once.
    private var refused = 0
    /// The number of credentials used so far.
    package private(set) var generation = 0
    /// Whether new credentials are being fetched.
    package private(set) var isFetching = false

    package init() {}

    /// Records that new credentials are in use.
    package mutating func found(expiration: Timestamp?, now: Timestamp) {
        generation += 1
        if let expiration, expiration.seconds <= now.seconds {
            // A metadata service that cannot renew credentials repeats the expired ones, which S3 then accepts.
            self.expiration = nil
            return failed(now: now)
        }
        isFetching = false
        retry = Self.firstRetry
        self.expiration = expiration
        due = expiration.map {
            Timestamp(seconds: $0.seconds - min(Self.longestLead, ($0.seconds - now.seconds) / 3))
        }
    }

    /// Records that the renewal failed: the old credentials stay in use, and it is tried again later.
    package mutating func failed(now: Timestamp) {
        isFetching = false
        due = Timestamp(seconds: now.seconds + retry)
        retry = min(2 * retry, Self.longestRetry)
    }

    /// Whether to start a fetch now; if so, it counts as started.
    package mutating func begins(now: Timestamp) -> Bool {
        guard !isFetching, let due, due.seconds <= now.seconds else { return false }
        isFetching = true
        return true
    }

    /// Records that a service reported a request's credentials as expired.
    ///
    /// - Returns: whether the request should be signed again: newer credentials are in use, or are being
    ///   fetched.
    package mutating func refused(generation: Int, now: Timestamp) -> Bool {
        if generation < self.generation || isFetching { return true }
        guard refused < generation else { return false }
        refused = generation
        due = now
        return true
    }

    /// Whether requests must wait: the credentials have expired and new ones are being fetched.
    package func holds(now: Timestamp) -> Bool {
        guard isFetching, let expiration else { return false }
        return expiration.seconds <= now.seconds
    }

    /// Milliseconds until the next renewal; nil if none is scheduled.
    package func milliseconds(now: Timestamp) -> Int? {
        guard !isFetching, let due else { return nil }
        return max(0, due.seconds - now.seconds) * 1000
    }
}
