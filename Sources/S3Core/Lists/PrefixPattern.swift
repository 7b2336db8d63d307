import ByteIO

/// Which prefixes are lists of their own: path segments, of which at least one has a `*`, as in
/// `AWSLogs/*/CloudTrail/*/`. A `*` is any characters but `/`, or none; all else stands for itself.
package struct PrefixPattern: Equatable, Sendable {
    /// Why a text is no pattern.
    package enum Problem: Error, Equatable, Sendable {
        case empty, withoutSlash, withoutStar, doubleStar
    }

    /// Each segment, less its `/`, as the pieces between its stars.
    private let segments: [[[UInt8]]]

    package init(_ text: String) throws(Problem) {
        let bytes = [UInt8](text.utf8)
        guard let last = bytes.last else { throw .empty }
        guard last == Self.slash else { throw .withoutSlash }
        guard bytes.contains(Self.star) else { throw .withoutStar }
        guard !zip(bytes, bytes.dropFirst()).contains(where: { $0 == Self.star && $1 == Self.star }) else {
            throw .doubleStar
        }
        segments = bytes.dropLast().split(separator: Self.slash, omittingEmptySubsequences: false).map {
            $0.split(separator: Self.star, omittingEmptySubsequences: false).map { [UInt8]($0) }
        }
    }

    static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")

    /// What a key begins with that matches; nil if its beginning does not.
    ///
    /// - Parameter key: relative to the location.
    package func prefix(of key: some RandomAccessCollection<UInt8>) -> [UInt8]? {
        var start = key.startIndex
        for segment in segments {
            guard let end = key[start...].firstIndex(of: Self.slash), Self.matches(key[start..<end], segment)
            else { return nil }
            start = key.index(after: end)
        }
        return [UInt8](key[..<start])
    }

    /// True if all of `prefix` matches, and nothing follows.
    package func matches(_ prefix: [UInt8]) -> Bool { self.prefix(of: prefix) == prefix }

    /// What is next on the way to the prefixes that begin with `base`, whose segments match.
    enum Step: Equatable {
        /// It is one, with the segments that have no star.
        case whole([UInt8])
        /// Common prefixes that begin with `start` are to be found; the segment ends what is known of them so far.
        case level(base: [UInt8], start: [UInt8], segment: Int)
    }

    /// - Parameters:
    ///   - base: relative to the location; it ends in `/` unless it is empty.
    ///   - count: how many segments it has.
    func step(after base: [UInt8], segments count: Int) -> Step {
        var base = base
        for (index, segment) in segments.enumerated().dropFirst(count) {
            guard segment.count == 1 else {
                return .level(base: base, start: base + segment[0], segment: index)
            }
            base += segment[0] + [Self.slash]
        }
        return .whole(base)
    }

    /// True if a name between two slashes matches a segment.
    func matches(_ name: ArraySlice<UInt8>, segment: Int) -> Bool { Self.matches(name, segments[segment]) }

    private static func matches<Name: RandomAccessCollection<UInt8>>(_ name: Name, _ pieces: [[UInt8]])
        -> Bool
    {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else {
            return name.elementsEqual(pieces.first ?? [])
        }
        guard name.count >= first.count + last.count, name.starts(with: first),
            name.suffix(last.count).elementsEqual(last)
        else { return false }
        // Each piece where it can be first leaves the most for those after it.
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() {
            while !rest.starts(with: piece) { if rest.popFirst() == nil { return false } }
            rest = rest.dropFirst(piece.count)
        }
        return true
    }
}
