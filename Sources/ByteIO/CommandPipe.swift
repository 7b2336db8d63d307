/// A pipe to or from a command; no other command inherits its ends. This process's end is non-blocking; that
/// flag does not affect the other end.
///
/// Source: pipe(2), fcntl(2).
package struct CommandPipe: ~Copyable {
    private let kept: OpenFile
    private let lent: OpenFile

    /// - Parameter isToCommand: true if the command reads from the pipe, false if it writes to it.
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

    /// The command's end.
    package var commandEnd: CInt { lent.descriptor }

    /// Closes the command's end, which the command has inherited.
    ///
    /// - Returns: this process's end.
    package consuming func ownEnd() -> OpenFile { kept }
}

/// The result of a read from or write to a non-blocking pipe.
package enum PipeProgress: Equatable, Sendable {
    /// This many bytes were transferred, at least one.
    case moved(Int)
    /// No bytes can be transferred now.
    case wouldBlock
    /// End of file, or there is no reader.
    case closed
}

extension OpenFile {
    /// Writes as many of `bytes` as the pipe accepts without waiting.
    package func writeSome(_ bytes: RawSpan) -> PipeProgress {
        while true {
            let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if let progress = Self.progress(count) { return progress }
        }
    }

    /// Appends available bytes to `block`, at most `room`.
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
