package import S3Core

/// Which of the keys of a list are taken.
package struct KeyFilter: Sendable {
    /// One of these has to match, if there are any.
    package var includes: [Glob] = []
    /// None of these may match.
    package var excludes: [Glob] = []
    package var shard = Shard()
    /// Objects that were modified at this time or later, in seconds since 1970.
    package var newerThan: Timestamp?
    /// Objects that were modified before this time.
    package var olderThan: Timestamp?

    package init() {}

    /// True if the times of objects have to be known.
    package var needsTimes: Bool { newerThan != nil || olderThan != nil }

    /// What all keys begin with that are taken, relative to the location.
    package var prefix: [UInt8] {
        guard var common = includes.first?.literalPrefix else { return [] }
        for glob in includes.dropFirst() {
            let other = glob.literalPrefix
            common = [UInt8](zip(common, other).prefix { $0 == $1 }.map(\.0))
        }
        // A part of a character would be no UTF-8.
        while !common.isEmpty, String(validating: common, as: UTF8.self) == nil { common.removeLast() }
        return common
    }

    /// True if a key, relative to the location, is taken.
    package func takes(_ key: [UInt8]) -> Bool {
        (includes.isEmpty || includes.contains { $0.matches(key) }) && !excludes.contains { $0.matches(key) }
            && shard.takes(key)
    }

    /// True if an object is taken that was modified at this time.
    package func takes(modified: Timestamp) -> Bool {
        (newerThan.map { modified.seconds >= $0.seconds } ?? true)
            && (olderThan.map { modified.seconds < $0.seconds } ?? true)
    }
}
