package import S3Core

/// How far the listings of a location were read: one listing, or one per prefix that matches a pattern.
package struct ReadCursors: Sendable {
    /// The places by prefix, relative to the location; the empty prefix is the location itself.
    package typealias Places = [[UInt8]: ReadCursor.Place]

    private let pattern: PrefixPattern?
    private let start: [UInt8]?
    private let lookback: FollowList.Lookback?
    private var cursors: [[UInt8]: ReadCursor] = [:]
    /// Whether a place has changed since `places` was last called.
    package private(set) var isChanged = false

    /// - Parameters:
    ///   - places: where the previous run stopped.
    ///   - start: the key after which a listing without a place starts.
    package init(
        _ places: Places = [:], pattern: PrefixPattern? = nil, startAfter start: [UInt8]? = nil,
        lookback: FollowList.Lookback? = nil
    ) {
        self.pattern = pattern
        self.start = start
        self.lookback = lookback
        for (prefix, place) in places { cursors[prefix] = ReadCursor(place, lookback: lookback) }
    }

    /// Records that an object is requested.
    ///
    /// - Parameter key: relative to the location.
    package mutating func requested(_ number: Int, key: [UInt8]) {
        change(key) { $0.requested(number, key: $1) }
    }

    /// Records that all of an object was written.
    ///
    /// - Parameter now: the wall-clock time in milliseconds.
    package mutating func done(_ number: Int, key: [UInt8], now: Int) {
        change(key) { cursor, _ in cursor.done(number, now: now) }
    }

    /// Records that an object was not written completely.
    package mutating func failed(_ number: Int, key: [UInt8]) {
        change(key) { cursor, _ in cursor.failed(number) }
    }

    private mutating func change(_ key: [UInt8], _ body: (inout ReadCursor, [UInt8]) -> Void) {
        guard let pattern else { return change([], key, body) }
        // A correct service lists no other keys.
        guard let prefix = pattern.prefix(of: key) else { return }
        change(prefix, [UInt8](key[prefix.count...]), body)
    }

    private mutating func change(
        _ prefix: [UInt8], _ key: [UInt8], _ body: (inout ReadCursor, [UInt8]) -> Void
    ) {
        body(&cursors[prefix, default: ReadCursor(startAfter: start, lookback: lookback)], key)
        isChanged = isChanged || cursors[prefix]?.isChanged ?? false
    }

    /// The places to save.
    ///
    /// - Parameter now: the wall-clock time in milliseconds.
    package mutating func places(now: Int) -> Places {
        isChanged = false
        var places: Places = [:]
        for prefix in cursors.keys { places[prefix] = cursors[prefix]?.place(now: now) }
        return places
    }
}
