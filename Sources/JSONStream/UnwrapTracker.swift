import ByteIO

/// Follows the structure of a text to find the array at a path.
///
/// It counts the open containers on the path. For the innermost of them it knows whether the next value is
/// the next step of the path.
struct UnwrapTracker: Sendable {
    private let steps: [FieldPath.Step]
    /// The number of open containers on the path; the text itself is the first.
    private var matched = 0
    /// Whether the next value in the innermost of these is on the path.
    private var nextMatches = true
    /// For each array among these, the index of the current element.
    private var indices: [Int]

    init(_ path: FieldPath) {
        steps = path.steps
        indices = Array(repeating: 0, count: steps.count)
    }

    /// The depth down to which the scanner must return events.
    var watchedDepth: Int { steps.count }

    /// Starts with the next text.
    mutating func restart() {
        matched = 0
        nextMatches = true
    }

    /// Handles a container that opened inside `depth` others.
    ///
    /// - Returns: whether it is the array at the path.
    mutating func opened(isObject: Bool, at depth: Int) -> Bool {
        guard depth == matched, nextMatches else { return false }
        guard matched < steps.count else { return !isObject }
        switch steps[matched] {
        case .member where isObject: nextMatches = false
        case .element(let index) where !isObject: nextMatches = index == 0
        default: return false
        }
        indices[matched] = 0
        matched += 1
        return false
    }

    /// Handles a container that closed and left `depth` others.
    mutating func closed(at depth: Int) {
        guard depth < matched else { return }
        matched = depth
        nextMatches = false
    }

    /// Handles a comma in the innermost of `depth` containers, an array.
    mutating func nextElement(at depth: Int) {
        guard depth == matched else { return }
        indices[matched - 1] += 1
        nextMatches = steps[matched - 1] == .element(indices[matched - 1])
    }

    /// The maximum length in bytes of a name of the path, without quotes: a character can be escaped with up
    /// to six bytes per byte.
    var longestName: Int {
        let lengths = steps.map { step in
            guard case .member(let name) = step else { return 0 }
            return 6 * name.count
        }
        return lengths.max() ?? 0
    }

    /// Handles a member name that is too long for the path, in the innermost of `depth` containers.
    mutating func namedOther(at depth: Int) {
        if depth == matched { nextMatches = false }
    }

    /// Handles a member name, escaped and without quotes, in the innermost of `depth` containers.
    mutating func named(_ name: RawSpan, at depth: Int) {
        guard depth == matched, case .member(let wanted) = steps[matched - 1] else { return }
        nextMatches = Self.isName(name, wanted)
    }

    private static func isName(_ name: RawSpan, _ wanted: [UInt8]) -> Bool {
        var text = ByteBuffer(capacity: name.byteCount)
        // A name with a lone surrogate is valid, but no path can name it.
        guard (try? JSONStringText.unescape(name, into: &text)) != nil else { return false }
        return text.bytes.array == wanted
    }
}
