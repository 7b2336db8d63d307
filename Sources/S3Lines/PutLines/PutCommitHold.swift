import ByteIO

/// Holds back a possible commit line, and the close records after it, until another record or the end of the
/// input shows whether it is the last data record. A plain state machine: records in, records that are data
/// out.
package struct PutCommitHold {
    /// A record that is held back.
    package struct Held: Equatable, Sendable {
        /// The line number in the input, from 1.
        package let line: Int
        package let record: [UInt8]

        package init(line: Int, record: [UInt8]) {
            self.line = line
            self.record = record
        }
    }

    /// What to do with a record. Records held before it are data in either case.
    package enum Decision: Equatable, Sendable {
        case hold(releasing: [Held])
        case place(after: [Held])
    }

    private static let tab = UInt8(ascii: "\t")

    private let line: [UInt8]
    private let mostHeld: Int
    private var held: [Held] = []

    /// - Parameters:
    ///   - line: the data of the commit record.
    ///   - maxOpen: the maximum number of open objects: each may be closed after the commit line.
    package init(line: [UInt8], maxOpen: Int) {
        self.line = line
        mostHeld = maxOpen + 2
    }

    /// Whether the data of `record` is the commit line.
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

    /// Releases the held records: they are data after all, or the run is given up.
    package mutating func release() -> [Held] {
        guard !held.isEmpty else { return [] }
        defer { held = [] }
        return held
    }

    /// Ends the input.
    ///
    /// - Parameter lastField: the escaped key of the last data record.
    /// - Returns: the close records after the commit line, or nil if the input did not end with the commit
    ///   line.
    package mutating func end(lastField: [UInt8]) -> [Held]? {
        let records = release()
        guard let commit = records.first else { return nil }
        let field = Array(commit.record.prefix { $0 != Self.tab })
        // The commit line's own key starts no object, so a close record for it has nothing to close.
        return records.dropFirst().filter { $0.record != field || lastField == field }
    }
}
