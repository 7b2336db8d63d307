import ByteIO
package import S3Core

/// How far a list was read. A plain state machine: objects that were asked for, written and failed in, places out.
///
/// The place is the greatest key before which all was written, in the order in which the keys were given out; an
/// object that failed is never passed. A key that comes late is given out after greater ones. So beside the place
/// stands what was written of the keys that the list looks at again: who goes on from there reads no key twice and
/// skips none that comes while nothing is read.
package struct ReadCursor: Sendable {
    /// A place in a list.
    package struct Place: Equatable, Sendable {
        /// Relative to the location, as are those of `recent`.
        package var key: [UInt8]
        /// What was written of the last keys, by the wall clock in milliseconds.
        package var recent: RecentKeys

        package init(key: [UInt8], recent: RecentKeys? = nil) {
            self.key = key
            self.recent = recent ?? RecentKeys(after: key)
        }
    }

    private let lookback: FollowList.Lookback?
    private var current: Place?
    /// Where the list begins that nothing was read of.
    private let start: [UInt8]?
    /// What was asked for and is not passed, in the order of the list.
    private var pending = Queue<(number: Int, key: [UInt8])>()
    /// Of those, what was written, where no order is kept.
    private var written: Set<Int> = []
    /// The first one that failed.
    private var failed: Int?
    /// True if the place is another one than when it was told last.
    package private(set) var isChanged = false

    /// - Parameters:
    ///   - place: where a run before this one stopped.
    ///   - start: the key that the list begins after, if there is no place.
    ///   - lookback: what of the keys is looked at again; nil is nothing.
    package init(
        _ place: Place? = nil, startAfter start: [UInt8]? = nil, lookback: FollowList.Lookback? = nil
    ) {
        current = place
        self.start = start
        self.lookback = lookback
    }

    /// True once an object failed: what comes after it makes no difference.
    package var hasStopped: Bool { failed != nil }

    /// An object is asked for.
    ///
    /// - Parameter number: greater than those before it.
    package mutating func requested(_ number: Int, key: [UInt8]) {
        if failed == nil { pending.append((number, key)) }
    }

    /// All of an object was written.
    ///
    /// - Parameter now: the time by the wall clock, in milliseconds.
    package mutating func done(_ number: Int, now: Int) {
        guard failed.map({ number < $0 }) ?? true else { return }
        written.insert(number)
        while let first = pending.first, written.remove(first.number) != nil {
            _ = pending.popFirst()
            pass(first.key, now)
        }
        dropAfterFailure()
    }

    /// An object was not written, or not all of it.
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

    /// The place, as it is to be kept; nil as long as nothing was read.
    ///
    /// - Parameter now: the time by the wall clock, in milliseconds.
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
