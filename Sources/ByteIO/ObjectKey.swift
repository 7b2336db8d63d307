/// The rules for the keys of objects.
package enum ObjectKey {
    /// "The name for a key is a sequence of Unicode characters whose UTF-8 encoding is at most 1,024 bytes long."
    /// (Amazon S3 User Guide, Naming Amazon S3 objects)
    package static let maximumLength = 1024

    /// Why no object can have a key.
    package enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// It would address the bucket.
        case empty
        case tooLong(bytes: Int)
        case notUTF8

        /// The rest of a sentence about the key: `is empty`.
        package var predicate: String {
            switch self {
            case .empty: "is empty"
            case .tooLong(let bytes): "has \(bytes) bytes, more than \(maximumLength)"
            case .notUTF8: "is not UTF-8"
            }
        }

        package var description: String { "the object's key \(predicate)" }

        /// The problem with the key before it; long keys are shortened.
        package func description(of key: [UInt8]) -> String {
            "'\(Diagnostics.excerpt(key, limit: Self.longestShown))': \(self)"
        }
        private static let longestShown = 80
    }

    /// Why no object can have `key`; nil if one can.
    ///
    /// - Parameter isUTF8: true if that is known.
    package static func problem(of key: RawSpan, isUTF8: Bool = false) -> Problem? {
        let count = key.byteCount
        guard count > 0 else { return .empty }
        guard count <= maximumLength else { return .tooLong(bytes: count) }
        return isUTF8 || key.isUTF8 ? nil : .notUTF8
    }
}
