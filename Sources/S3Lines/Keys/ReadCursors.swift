package import S3Core

/// How far the lists of a location were read: one, or one for each prefix that matches a pattern.
package struct ReadCursors: Sendable {
    /// What is kept: places by prefixes, relative to the location; the empty one is the location's own.
    package typealias Places = [[UInt8]: ReadCursor.Place]

    private let pattern: PrefixPattern?
    private let start: [UInt8]?
    private let lookback: FollowList.Lookback?
    private var cursors: [[UInt8]: ReadCursor] = [:]
    /// True if a place is another one than when they were told last.
    package private(set) var isChanged = false

    /// - Parameters:
    ///   - places: where a run before this one stopped.
    ///   - start: the key that a list begins after of which there is no place.
    package init(
        _ places: Places = [:], pattern: PrefixPattern? = nil, startAfter start: [UInt8]? = nil,
        lookback: FollowList.Lookback? = nil
    ) {
        self.pattern = pattern
        self.start = start
        self.lookback = lookback
        for (prefix, place) in places { cursors[prefix] = ReadCursor(place, lookback: lookback) }
    }

    /// An object is asked for.
    ///
    /// - Parameter key: relative to the location.
    package mutating func requested(_ number: Int, key: [UInt8]) {
        change(key) { $0.requested(number, key: $1) }
    }

    /// All of an object was written.
    ///
    /// - Parameter now: the time by the wall clock, in milliseconds.
    package mutating func done(_ number: Int, key: [UInt8], now: Int) {
        change(key) { cursor, _ in cursor.done(number, now: now) }
    }

    /// An object was not written, or not all of it.
    package mutating func failed(_ number: Int, key: [UInt8]) {
        change(key) { cursor, _ in cursor.failed(number) }
    }

    private mutating func change(_ key: [UInt8], _ body: (inout ReadCursor, [UInt8]) -> Void) {
        guard let pattern else { return change([], key, body) }
        // The service gives no other key, unless it errs.
        guard let prefix = pattern.prefix(of: key) else { return }
        change(prefix, [UInt8](key[prefix.count...]), body)
    }

    private mutating func change(
        _ prefix: [UInt8], _ key: [UInt8], _ body: (inout ReadCursor, [UInt8]) -> Void
    ) {
        body(&cursors[prefix, default: ReadCursor(startAfter: start, lookback: lookback)], key)
        isChanged = isChanged || cursors[prefix]?.isChanged ?? false
    }

    /// The places, as they are to be kept.
    ///
    /// - Parameter now: the time by the wall clock, in milliseconds.
    package mutating func places(now: Int) -> Places {
        isChanged = false
        var places: Places = [:]
        for prefix in cursors.keys { places[prefix] = cursors[prefix]?.place(now: now) }
        return places
    }
}
