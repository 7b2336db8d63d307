package import S3Core

/// Selects keys of a listing.
package struct KeyFilter: Sendable {
    /// If not empty, at least one must match.
    package var includes: [Glob] = []
    /// None may match.
    package var excludes: [Glob] = []
    package var shard = Shard()
    /// Selects objects modified at this time or later.
    package var newerThan: Timestamp?
    /// Selects objects modified before this time.
    package var olderThan: Timestamp?

    package init() {}

    /// Whether the filter needs the objects' modification times.
    package var needsTimes: Bool { newerThan != nil || olderThan != nil }

    /// The prefix that all selected keys start with, relative to the location.
    package var prefix: [UInt8] {
        guard var common = includes.first?.literalPrefix else { return [] }
        for glob in includes.dropFirst() {
            let other = glob.literalPrefix
            common = [UInt8](zip(common, other).prefix { $0 == $1 }.map(\.0))
        }
        // A partial character would not be valid UTF-8.
        while !common.isEmpty, String(validating: common, as: UTF8.self) == nil { common.removeLast() }
        return common
    }

    /// Whether a key, relative to the location, is selected.
    package func takes(_ key: [UInt8]) -> Bool {
        (includes.isEmpty || includes.contains { $0.matches(key) }) && !excludes.contains { $0.matches(key) }
            && shard.takes(key)
    }

    /// Whether an object modified at this time is selected.
    package func takes(modified: Timestamp) -> Bool {
        (newerThan.map { modified.seconds >= $0.seconds } ?? true)
            && (olderThan.map { modified.seconds < $0.seconds } ?? true)
    }
}
