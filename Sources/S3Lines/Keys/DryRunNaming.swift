import S3Core

/// The messages of a dry run: names the objects that would be affected, by their full names. These show if
/// the prefix and the keys are joined in an unintended way; the keys on standard output do not.
package struct DryRunNaming {
    private let done: String
    private let bucket: String
    private let namesAll: Bool
    private var hasNamed = false

    /// - Parameters:
    ///   - done: the action as a participle, such as `stored`.
    ///   - namesAll: whether to name every object or only the first.
    package init(_ done: String, bucket: String, namesAll: Bool) {
        self.done = done
        self.bucket = bucket
        self.namesAll = namesAll
    }

    /// The message for this key, or nil.
    mutating func text(of key: [UInt8]) -> String? {
        defer { hasNamed = true }
        let name = Location(bucket: bucket, prefix: key)
        if namesAll { return "\(name): would be \(done)" }
        return hasNamed ? nil : "dry run: \(name) would be \(done); -v names all"
    }
}
