package import ByteIO

/// A run's data on its way to standard output, which another thread writes: short pieces are gathered, long ones
/// go as they are.
///
/// A block that is not full goes to the thread only while that has nothing to do: so a slow stream is not held
/// back, and what waits for a slow reader is in full blocks, however slowly it came.
package final class RunOutput {
    /// The memory that may wait to be written before `hasRoom` says no.
    private let limit: Int
    /// Nil if no one wants the data.
    private let thread: OutputThread?
    private var gathered: ByteBlock?
    /// When the first of the gathered bytes came, by the monotonic clock in milliseconds.
    private var gatheredSince = 0
    /// The last block was full, so the next one will be.
    private var isBusy = false
    /// Bytes that were taken so far.
    package private(set) var acceptedBytes = 0
    /// Up to how many accepted bytes there is room for sure.
    private var roomEnd = 0

    private static let blockSize = 64 << 10
    /// What a block has at first where few bytes come; it grows by doubling.
    private static let firstBlockSize = 4 << 10
    /// From here on a piece is not copied, if it is at least half of what its block holds.
    private static let longPiece = 16 << 10
    /// How long bytes may wait for company, in milliseconds, while nothing else happens.
    private static let gatherMilliseconds = 2

    /// - Parameters:
    ///   - descriptor: nil drops the data.
    ///   - wakeUp: called from another thread whenever some of it was written.
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

    /// False if no one wants the data.
    package var isWanted: Bool { thread != nil }
    /// The memory that holds what waits to be written, in bytes.
    package var queuedBytes: Int { (thread?.queuedBytes ?? 0) + (gathered?.capacity ?? 0) }
    /// The bytes that the system has taken.
    package var writtenBytes: Int { thread?.writtenBytes ?? acceptedBytes }
    /// Why nothing more can be written.
    package var error: SystemError? { thread?.error }

    /// True if more can be taken. What is taken nevertheless is kept.
    package var hasRoom: Bool {
        // What waits becomes less by itself: the thread need not be asked before this was used up.
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

    /// Takes a part of a block, which no one must change any more.
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

    /// Hands over what was gathered.
    private func flush() {
        guard let block = gathered.take() else { return }
        isBusy = block.count == Self.blockSize
        thread?.append(block)
    }

    /// Hands over what waited long enough for company, or can have none.
    ///
    /// - Parameter awaitsMore: whether something is under way that more may come of.
    /// - Returns: how long what is left may wait, in milliseconds; nil if time alone changes nothing.
    func flushWhenDue(awaitsMore: Bool) -> Int? {
        // The thread tells when it has written what it has.
        guard gathered != nil, thread?.queuedBytes == 0 else { return nil }
        let left = gatheredSince + Self.gatherMilliseconds - MonotonicClock.milliseconds
        if left > 0 && awaitsMore { return left }
        flush()
        return nil
    }

    /// Hands over all that there is.
    ///
    /// - Returns: whether all of it was written, or nothing more can be.
    func drain() -> Bool {
        flush()
        return queuedBytes == 0
    }

    /// Ends the thread, after all is written.
    func finish() throws(SystemError) {
        flush()
        try thread?.finish()
    }
}
