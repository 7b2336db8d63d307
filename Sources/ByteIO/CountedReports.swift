/// The reports of one kind of fault, of which a run may find any number: the first ones are messages of their
/// own, and one message at the end gives the number of the rest.
package struct CountedReports: Sendable {
    /// The number of faults that are reported one by one.
    private static let limit = 10

    /// The number of faults so far.
    package private(set) var count = 0

    package init() {}

    /// Counts a fault.
    ///
    /// - Returns: whether it gets a message of its own.
    package mutating func add() -> Bool {
        count += 1
        return count <= Self.limit
    }

    /// Reports the number of faults that got no message, if there are any: `15 more lines got no key`.
    ///
    /// - Parameter what: what they are: `lines got no key`.
    package func reportRest(_ diagnostics: Diagnostics, _ what: String) {
        guard count > Self.limit else { return }
        diagnostics.report("\(count - Self.limit) more \(what)")
    }
}
