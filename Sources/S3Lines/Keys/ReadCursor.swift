import ByteIO
package import S3Core

/// How far a listing was read. A plain state machine: objects requested, written and failed in, places out.
///
/// The place is the greatest key such that all objects returned before it were written; it never passes a
/// failed object. Because a late key is returned after greater ones, the place also includes the recent keys
/// that were written: a run that resumes there reads no key twice and skips none that arrives while no run is
/// active.
package struct ReadCursor: Sendable {
    /// A position in a listing.
    package struct Place: Equatable, Sendable {
        /// Relative to the location, like the keys in `recent`.
        package var key: [UInt8]
        /// The recently written keys, with wall-clock times in milliseconds.
        package var recent: RecentKeys

        package init(key: [UInt8], recent: RecentKeys? = nil) {
            self.key = key
            self.recent = recent ?? RecentKeys(after: key)
        }
    }

    private let lookback: FollowList.Lookback?
    private var current: Place?
    /// The key after which the listing starts if there is no place.
    private let start: [UInt8]?
    /// Requested objects that the place has not passed, in listing order.
    private var pending = Queue<(number: Int, key: [UInt8])>()
    /// The written objects in `pending`, if they are not written in order.
    private var written: Set<Int> = []
    /// The number of the first failed object.
    private var failed: Int?
    /// Whether the place has changed since `place` was last called.
    package private(set) var isChanged = false

    /// - Parameters:
    ///   - place: where the previous run stopped.
    ///   - start: the key after which the listing starts if there is no place.
    ///   - lookback: the keys to list again; nil for none.
    package init(
        _ place: Place? = nil, startAfter start: [UInt8]? = nil, lookback: FollowList.Lookback? = nil
    ) {
        current = place
        self.start = start
        self.lookback = lookback
    }

    /// Whether an object failed: later objects do not change the place.
    package var hasStopped: Bool { failed != nil }

    /// Records that an object is requested.
    ///
    /// - Parameter number: greater than all previous numbers.
    package mutating func requested(_ number: Int, key: [UInt8]) {
        if failed == nil { pending.append((number, key)) }
    }

    /// Records that all of an object was written.
    ///
    /// - Parameter now: the wall-clock time in milliseconds.
    package mutating func done(_ number: Int, now: Int) {
        guard failed.map({ number < $0 }) ?? true else { return }
        written.insert(number)
        while let first = pending.first, written.remove(first.number) != nil {
            _ = pending.popFirst()
            pass(first.key, now)
        }
        dropAfterFailure()
    }

    /// Records that an object was not written completely.
    package mutating func failed(_ number: Int) {
        failed = min(failed ?? number, number)
        dropAfterFailure()
    }

    private mutating func dropAfterFailure() {
        guard let failed, pending.first.map({ $0.number >= failed }) ?? true else { return }
        pending.removeAll()
        written.removeAll()
    }

    private mutating func pass(_ key: [UInt8], _ now: Int) {
        isChanged = true
        var place = current ?? Place(key: key, recent: RecentKeys(after: start))
        current = nil
        if place.key.precedes(key) { place.key = key }
        if let lookback, !place.recent.contains(key) {
            place.recent.insert(key, time: now)
            if place.recent.count > 2 * lookback.mostKeys + 64 { place.recent.keep(last: lookback.mostKeys) }
        }
        current = place
    }

    /// The place to save; nil if nothing was read.
    ///
    /// - Parameter now: the wall-clock time in milliseconds.
    package mutating func place(now: Int) -> Place? {
        isChanged = false
        switch lookback {
        case .milliseconds(let span):
            current?.recent.forget(before: now - span)
            current?.recent.keep(last: FollowList.Lookback.milliseconds(span).mostKeys)
        case .keys(let count): current?.recent.keep(last: count)
        case nil: break
        }
        return current
    }
}
