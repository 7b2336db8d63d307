import ByteIO

/// Holds a record back that is the commit line if no other follows, and with it the close records after it. A plain
/// state machine: records in, those that are data out.
package struct PutCommitHold {
    /// A record that is held back.
    package struct Held: Equatable, Sendable {
        /// The line of the input where it stands, from 1.
        package let line: Int
        package let record: [UInt8]

        package init(line: Int, record: [UInt8]) {
            self.line = line
            self.record = record
        }
    }

    /// What becomes of a record. What was held before it is data in either case.
    package enum Decision: Equatable, Sendable {
        case hold(releasing: [Held])
        case place(after: [Held])
    }

    private static let tab = UInt8(ascii: "\t")

    private let line: [UInt8]
    private let mostHeld: Int
    private var held: [Held] = []

    /// - Parameters:
    ///   - line: the data of the record that commits.
    ///   - maxOpen: how many objects are open at most: each may be closed after the commit line.
    package init(line: [UInt8], maxOpen: Int) {
        self.line = line
        mostHeld = maxOpen + 2
    }

    /// Whether `record` is one whose data is the commit line.
    package func isCommit(_ record: RawSpan) -> Bool {
        guard let tab = record.firstIndex(of: Self.tab) else { return false }
        return record.extracting(droppingFirst: tab + 1).equals(line)
    }

    /// Takes the next record.
    package mutating func take(_ record: RawSpan, line number: Int) -> Decision {
        if isCommit(record) {
            defer { held = [Held(line: number, record: record.array)] }
            return .hold(releasing: held)
        }
        if !held.isEmpty, held.count < mostHeld, record.firstIndex(of: Self.tab) == nil {
            held.append(Held(line: number, record: record.array))
            return .hold(releasing: [])
        }
        return .place(after: release())
    }

    /// What was held is data after all, or given up.
    package mutating func release() -> [Held] {
        guard !held.isEmpty else { return [] }
        defer { held = [] }
        return held
    }

    /// The input has ended.
    ///
    /// - Parameter lastField: how the key of the last record that was data is written.
    /// - Returns: the close records after the commit line; nil if the input did not end with it.
    package mutating func end(lastField: [UInt8]) -> [Held]? {
        let records = release()
        guard let commit = records.first else { return nil }
        let field = Array(commit.record.prefix { $0 != Self.tab })
        // The commit line's own key makes no object, so there is none to close either.
        return records.dropFirst().filter { $0.record != field || lastField == field }
    }
}
