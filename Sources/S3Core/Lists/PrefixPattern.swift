import ByteIO

/// A pattern of prefixes that are listed separately: path segments, at least one of which contains a `*`, as
/// in `AWSLogs/*/CloudTrail/*/`. A `*` matches any number of characters other than `/`; everything else is
/// literal.
package struct PrefixPattern: Equatable, Sendable {
    /// Why a text is not a valid pattern.
    package enum Problem: Error, Equatable, Sendable {
        case empty, withoutSlash, withoutStar, doubleStar
    }

    /// Each segment, without its `/`, split at its stars.
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

    /// The prefix of a key that matches the pattern; nil if there is none.
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

    /// True if `prefix` matches as a whole.
    package func matches(_ prefix: [UInt8]) -> Bool { self.prefix(of: prefix) == prefix }

    /// The next step from `base`, whose segments match, to matching prefixes.
    enum Step: Equatable {
        /// `base` and the literal segments after it are a matching prefix.
        case whole([UInt8])
        /// List the common prefixes that start with `start` and match this segment.
        case level(base: [UInt8], start: [UInt8], segment: Int)
    }

    /// - Parameters:
    ///   - base: relative to the location; ends with `/` unless it is empty.
    ///   - count: the number of its segments.
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
        // Matching each piece at the first possible place leaves the most for the pieces after it.
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() {
            while !rest.starts(with: piece) { if rest.popFirst() == nil { return false } }
            rest = rest.dropFirst(piece.count)
        }
        return true
    }
}
