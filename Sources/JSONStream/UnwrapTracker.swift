import ByteIO

/// Watches a text's structure for the array at a path.
///
/// The containers that are open and lie on the path are counted; of the innermost of them it is known
/// whether its next value is the path's next step.
struct UnwrapTracker: Sendable {
    private let steps: [FieldPath.Step]
    /// How many open containers lie on the path, the text itself being the first.
    private var matched = 0
    /// True if the next value in the innermost of these is on the path.
    private var nextMatches = true
    /// For each of these that is an array, the index of its present element.
    private var indices: [Int]

    init(_ path: FieldPath) {
        steps = path.steps
        indices = Array(repeating: 0, count: steps.count)
    }

    /// Down to which depth the scanner has to report.
    var watchedDepth: Int { steps.count }

    /// Starts with the next text.
    mutating func restart() {
        matched = 0
        nextMatches = true
    }

    /// Takes note of a container that opened inside `depth` others.
    ///
    /// - Returns: true if it is the array that the path leads to.
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

    /// Takes note of a container that closed; `depth` others are left.
    mutating func closed(at depth: Int) {
        guard depth < matched else { return }
        matched = depth
        nextMatches = false
    }

    /// Takes note of a comma in the array that is the innermost of `depth` containers.
    mutating func nextElement(at depth: Int) {
        guard depth == matched else { return }
        indices[matched - 1] += 1
        nextMatches = steps[matched - 1] == .element(indices[matched - 1])
    }

    /// How many bytes a name between its quotes can have at most that is a step of the path: an escaped character
    /// is up to six bytes for one.
    var longestName: Int {
        let lengths = steps.map { step in
            guard case .member(let name) = step else { return 0 }
            return 6 * name.count
        }
        return lengths.max() ?? 0
    }

    /// Takes note of a member's name that is too long to be a step, in the innermost of `depth` objects.
    mutating func namedOther(at depth: Int) {
        if depth == matched { nextMatches = false }
    }

    /// Takes note of a member's name, without quotes and as it stands, in the innermost of `depth` objects.
    mutating func named(_ name: RawSpan, at depth: Int) {
        guard depth == matched, case .member(let wanted) = steps[matched - 1] else { return }
        nextMatches = Self.isName(name, wanted)
    }

    private static func isName(_ name: RawSpan, _ wanted: [UInt8]) -> Bool {
        var text = ByteBuffer(capacity: name.byteCount)
        // A name with half a surrogate pair is grammatical, but no text that a path could spell.
        guard (try? JSONStringText.unescape(name, into: &text)) != nil else { return false }
        return text.bytes.array == wanted
    }
}
