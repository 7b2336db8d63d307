/// A pipe to or from a command, of which no other command has an end. The end that is kept here does not block; that is
/// a flag of this end alone.
///
/// Source: pipe(2), fcntl(2).
package struct CommandPipe: ~Copyable {
    private let kept: OpenFile
    private let lent: OpenFile

    /// - Parameter isToCommand: whether the command reads from it; else it writes to it.
    package init(isToCommand: Bool) throws(SystemError) {
        let ends = try openPipe("pipe")
        let (own, other) = isToCommand ? (ends.writing, ends.reading) : (ends.reading, ends.writing)
        do { _ = try restarting("pipe") { fcntl(own, F_SETFL, O_NONBLOCK) } } catch {
            close(own)
            close(other)
            throw error
        }
        kept = OpenFile("pipe", descriptor: own)
        lent = OpenFile("pipe", descriptor: other)
    }

    /// What the command is started with.
    package var commandEnd: CInt { lent.descriptor }

    /// The command has its end.
    ///
    /// - Returns: the other one.
    package consuming func ownEnd() -> OpenFile { kept }
}

/// What became of bytes that were to be moved through a pipe that does not block.
package enum PipeProgress: Equatable, Sendable {
    /// So many were moved, at least one.
    case moved(Int)
    /// None can be moved now.
    case wouldBlock
    /// No more will come, or no one reads them.
    case closed
}

extension OpenFile {
    /// Writes as many of `bytes` as the pipe takes at once.
    package func writeSome(_ bytes: RawSpan) -> PipeProgress {
        while true {
            let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if let progress = Self.progress(count) { return progress }
        }
    }

    /// Appends what the pipe has to `block`, at most `room` bytes.
    package func readSome(into block: ByteBlock, room: Int) -> PipeProgress {
        while true {
            var count = 0
            unsafe block.append(upTo: room) {
                count = unsafe read(descriptor, $0.baseAddress, $0.count)
                return max(0, count)
            }
            if let progress = Self.progress(count) { return progress }
        }
    }

    /// - Returns: nil if the call was interrupted.
    private static func progress(_ count: Int) -> PipeProgress? {
        if count > 0 { return .moved(count) }
        if count < 0, errno == EINTR { return nil }
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? .wouldBlock : .closed
    }
}
