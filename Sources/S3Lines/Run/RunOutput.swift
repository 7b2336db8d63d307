package import ByteIO

/// A run's data for standard output, which another thread writes. Short pieces are gathered in blocks, long
/// ones are passed on as they are.
///
/// A partly filled block is passed to the thread only if that is idle. So a slow stream is not delayed, and
/// data that waits for a slow reader is in full blocks.
package final class RunOutput {
    /// The maximum of bytes that may wait before `hasRoom` is false.
    private let limit: Int
    /// Nil if the data is not wanted.
    private let thread: OutputThread?
    private var gathered: ByteBlock?
    /// When the first gathered byte arrived, in monotonic milliseconds.
    private var gatheredSince = 0
    /// Whether the last block was full, so that the next one is likely to be.
    private var isBusy = false
    /// The total of bytes accepted.
    package private(set) var acceptedBytes = 0
    /// The value of `acceptedBytes` up to which there is certainly room.
    private var roomEnd = 0

    private static let blockSize = 64 << 10
    /// The initial size of a block; it grows by doubling.
    private static let firstBlockSize = 4 << 10
    /// A piece of at least this size is not copied, if it makes up at least half of its block.
    private static let longPiece = 16 << 10
    /// How long bytes wait for more, in milliseconds, while nothing else happens.
    private static let gatherMilliseconds = 2

    /// - Parameters:
    ///   - descriptor: nil drops the data.
    ///   - wakeUp: called from another thread whenever some of the data was written.
    init(
        descriptor: CInt?, name: String, limit: Int, wakeUp: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.limit = max(limit, 2 * Self.blockSize)
        guard let descriptor else {
            thread = nil
            return
        }
        widenPipe(descriptor)
        thread = try OutputThread(descriptor: descriptor, name: name, progressed: wakeUp)
    }

    /// Whether the data is written anywhere.
    package var isWanted: Bool { thread != nil }
    /// The memory that holds data waiting to be written, in bytes.
    package var queuedBytes: Int { (thread?.queuedBytes ?? 0) + (gathered?.capacity ?? 0) }
    /// The total of bytes that the system has taken.
    package var writtenBytes: Int { thread?.writtenBytes ?? acceptedBytes }
    /// The error that prevents further writing.
    package var error: SystemError? { thread?.error }

    /// Whether more data should be appended. Data appended nevertheless is kept.
    package var hasRoom: Bool {
        // The thread only shortens the queue, so its length is read again only when the known room is used up.
        if acceptedBytes >= roomEnd { roomEnd = acceptedBytes + limit - queuedBytes }
        return acceptedBytes < roomEnd
    }

    /// Takes a copy of `bytes`.
    package func append(_ bytes: RawSpan) {
        acceptedBytes += bytes.byteCount
        guard isWanted else { return }
        var rest = bytes
        while rest.byteCount > 0 {
            let block = openBlock()
            let part = rest.extracting(first: min(rest.byteCount, Self.blockSize - block.count))
            block.append(part)
            if block.count == Self.blockSize { flush() }
            rest = rest.extracting(droppingFirst: part.byteCount)
        }
    }

    package func append(_ byte: UInt8) {
        acceptedBytes += 1
        guard isWanted else { return }
        let block = openBlock()
        block.append(byte)
        if block.count == Self.blockSize { flush() }
    }

    /// Takes a slice of a block, which must not change any more.
    package func append(_ slice: ByteSlice) {
        guard slice.count >= Self.longPiece, 2 * slice.count >= slice.block.capacity else {
            return append(slice.bytes)
        }
        acceptedBytes += slice.count
        flush()
        thread?.append(slice)
    }

    private func openBlock() -> ByteBlock {
        if let gathered { return gathered }
        let block = ByteBlock(capacity: isBusy ? Self.blockSize : Self.firstBlockSize)
        gathered = block
        gatheredSince = MonotonicClock.milliseconds
        return block
    }

    /// Passes the gathered bytes to the thread.
    private func flush() {
        guard let block = gathered.take() else { return }
        isBusy = block.count == Self.blockSize
        thread?.append(block)
    }

    /// Passes the gathered bytes to the thread if they waited long enough, or if no more can follow.
    ///
    /// - Parameter awaitsMore: whether operations in progress may produce more data.
    /// - Returns: how long the remaining bytes may wait, in milliseconds; nil if nothing is scheduled.
    func flushWhenDue(awaitsMore: Bool) -> Int? {
        // The thread wakes the run when it has written its data.
        guard gathered != nil, thread?.queuedBytes == 0 else { return nil }
        let left = gatheredSince + Self.gatherMilliseconds - MonotonicClock.milliseconds
        if left > 0 && awaitsMore { return left }
        flush()
        return nil
    }

    /// Passes everything to the thread.
    ///
    /// - Returns: whether all of it was written, or no more can be.
    func drain() -> Bool {
        flush()
        return queuedBytes == 0
    }

    /// Ends the thread after all data is written.
    func finish() throws(SystemError) {
        flush()
        try thread?.finish()
    }
}
