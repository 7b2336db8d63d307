package import ByteIO

/// The result of a command for its object, derived from how the command ended. No I/O.
package enum FilterOutcome: Equatable, Sendable {
    /// The output is complete.
    case success
    /// The command failed; the text is the message.
    case failure(String)

    /// - Parameters:
    ///   - hasWritten: whether it wrote to standard output.
    ///   - hasComplained: whether it wrote to standard error.
    ///   - isSearch: whether status 1 without any output means that nothing was found, as with grep.
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

/// Splits the standard error of a command into lines. A plain state machine.
package struct FilterComplaints {
    /// Lines are truncated to this many bytes.
    package static let longestLine = 1000

    private var line: [UInt8] = []
    private var isCut = false
    /// Whether nothing has been received.
    package private(set) var isEmpty = true

    package init() {}

    /// Takes received bytes.
    ///
    /// - Returns: the complete lines.
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

    /// - Returns: the last line, if it lacks a newline.
    package mutating func end() -> [UInt8]? { line.isEmpty ? nil : endLine() }

    private mutating func endLine() -> [UInt8] {
        defer {
            line.removeAll(keepingCapacity: true)
            isCut = false
        }
        return isCut ? line + [UInt8]("...".utf8) : line
    }
}
