import S3Core

/// What a dry run says on standard error of the objects that it would touch, by their whole names: a prefix that is
/// joined with the keys in another way than was meant is seen there, and not in the keys on standard output.
package struct DryRunNaming {
    private let done: String
    private let bucket: String
    private let namesAll: Bool
    private var hasNamed = false

    /// - Parameters:
    ///   - done: what would be done, as a participle: `stored`.
    ///   - namesAll: whether each one is named, and not only the first.
    package init(_ done: String, bucket: String, namesAll: Bool) {
        self.done = done
        self.bucket = bucket
        self.namesAll = namesAll
    }

    /// The message for the object of this key, if there is to be one.
    mutating func text(of key: [UInt8]) -> String? {
        defer { hasNamed = true }
        let name = Location(bucket: bucket, prefix: key)
        if namesAll { return "\(name): would be \(done)" }
        return hasNamed ? nil : "dry run: \(name) would be \(done); -v names all"
    }
}
