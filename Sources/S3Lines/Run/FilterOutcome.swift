package import ByteIO

/// What the end of a command means for its object. A plain decision.
package enum FilterOutcome: Equatable, Sendable {
    /// What it has written is what it was to write.
    case success
    /// It failed, in these words.
    case failure(String)

    /// - Parameters:
    ///   - hasWritten: whether it has written to its standard output.
    ///   - hasComplained: the same of its standard error.
    ///   - isSearch: whether status 1 with not a word on either says that nothing was found, as grep's does.
    package init(_ end: ChildProcess.End, hasWritten: Bool, hasComplained: Bool, isSearch: Bool) {
        switch end {
        case .exited(status: 0): self = .success
        case .exited(status: 1) where isSearch && !hasWritten && !hasComplained: self = .success
        // Source: POSIX, sh, EXIT STATUS.
        case .exited(status: 126): self = .failure("the command cannot be run: status 126")
        case .exited(status: 127): self = .failure("the command was not found: status 127")
        case .exited(let status): self = .failure("the command ended with status \(status)")
        case .killed(let signal):
            let name = unsafe strsignal(signal).map { unsafe String(cString: $0) } ?? ""
            self = .failure("the command was ended by signal \(signal) (\(name))")
        }
    }
}

/// The lines that a command writes to its standard error, as they come. A plain state machine.
package struct FilterComplaints {
    /// A line is shown up to here, in bytes.
    package static let longestLine = 1000

    private var line: [UInt8] = []
    private var isCut = false
    /// Whether anything came.
    package private(set) var isEmpty = true

    package init() {}

    /// Takes what was read.
    ///
    /// - Returns: the lines that have ended.
    package mutating func take(_ bytes: RawSpan) -> [[UInt8]] {
        if bytes.byteCount > 0 { isEmpty = false }
        var lines: [[UInt8]] = []
        var rest = bytes
        while rest.byteCount > 0 {
            let newline = rest.firstIndex(of: UInt8(ascii: "\n"))
            let piece = rest.extracting(first: newline ?? rest.byteCount)
            let room = Self.longestLine - line.count
            if piece.byteCount > room { isCut = true }
            line += piece.extracting(first: min(room, piece.byteCount)).array
            guard let newline else { break }
            lines.append(endLine())
            rest = rest.extracting(droppingFirst: newline + 1)
        }
        return lines
    }

    /// - Returns: the last line, if it has no newline.
    package mutating func end() -> [UInt8]? { line.isEmpty ? nil : endLine() }

    private mutating func endLine() -> [UInt8] {
        defer {
            line.removeAll(keepingCapacity: true)
            isCut = false
        }
        return isCut ? line + [UInt8]("...".utf8) : line
    }
}
