/// When credentials that end are renewed. A plain state machine: times in, decisions out.
package struct CredentialsRenewal: Equatable, Sendable {
    /// Long-lived ones are renewed as long before their end as botocore would insist on it.
    private static let longestLead = 600
    private static let firstRetry = 1
    private static let longestRetry = 60

    private var expiration: Timestamp?
    private var due: Timestamp?
    private var retry = firstRetry
    /// Which credentials a service has called expired: these are replaced once.
    private var refused = 0
    /// Counts the credentials that were used.
    package private(set) var generation = 0
    /// Whether new ones are being fetched.
    package private(set) var isFetching = false

    package init() {}

    /// New credentials are in use.
    package mutating func found(expiration: Timestamp?, now: Timestamp) {
        generation += 1
        isFetching = false
        retry = Self.firstRetry
        self.expiration = expiration
        due = expiration.map {
            let left = max(0, $0.seconds - now.seconds)
            // Those that have hardly a life still are not fetched again in each turn.
            return Timestamp(
                seconds: max($0.seconds - min(Self.longestLead, left / 3), now.seconds + Self.firstRetry))
        }
    }

    /// No new ones came; the old ones stay in use.
    package mutating func failed(now: Timestamp) {
        isFetching = false
        due = Timestamp(seconds: now.seconds + retry)
        retry = min(2 * retry, Self.longestRetry)
    }

    /// Whether a fetch is to begin now; it has begun, if so.
    package mutating func begins(now: Timestamp) -> Bool {
        guard !isFetching, let due, due.seconds <= now.seconds else { return false }
        isFetching = true
        return true
    }

    /// A service calls the credentials of a request expired.
    ///
    /// - Returns: whether it is worth while to wait for others: those in use are newer, or are fetched now.
    package mutating func refused(generation: Int, now: Timestamp) -> Bool {
        if generation < self.generation || isFetching { return true }
        guard refused < generation else { return false }
        refused = generation
        due = now
        return true
    }

    /// Whether requests wait: the old ones have ended, and others are on their way.
    package func holds(now: Timestamp) -> Bool {
        guard isFetching, let expiration else { return false }
        return expiration.seconds <= now.seconds
    }

    /// How long nothing is to be done, in milliseconds; nil is for ever.
    package func milliseconds(now: Timestamp) -> Int? {
        guard !isFetching, let due else { return nil }
        return max(0, due.seconds - now.seconds) * 1000
    }
}
