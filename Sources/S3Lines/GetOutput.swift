import ByteIO

/// Lines on their way to standard output: short pieces are gathered, long ones go as they are.
final class LineOutput {
    /// What the writing thread has to do at most before it gets more.
    private let limit: Int
    private let thread: OutputThread
    private var gathered = ByteBlock(capacity: blockSize)
    /// When the first of the gathered bytes came, by the monotonic clock in milliseconds.
    private(set) var gatheredSince = 0
    /// Bytes that were handed to the thread.
    private var handedOver = 0

    private static let blockSize = 64 << 10
    /// From here on a piece is not copied.
    private static let longPiece = 16 << 10

    /// - Parameters:
    ///   - limit: how many bytes may wait to be written.
    ///   - wakeUp: called from another thread whenever some were.
    init(limit: Int, wakeUp: @escaping @Sendable () -> Void) throws(SystemError) {
        self.limit = limit
        widenPipe(STDOUT_FILENO)
        thread = try OutputThread(progressed: wakeUp)
    }

    /// Bytes that wait to be written.
    var queuedBytes: Int { thread.queuedBytes + gathered.count }
    /// True if more can be taken.
    var hasRoom: Bool { queuedBytes < limit }
    /// True if `flush` has something to do.
    var hasGathered: Bool { gathered.count > 0 }
    /// Why nothing more can be written.
    var error: SystemError? { thread.error }
    /// Bytes that were taken so far.
    var acceptedBytes: Int { handedOver + gathered.count }

    func append(_ slice: ByteSlice) {
        guard slice.count >= Self.longPiece else { return append(slice.bytes) }
        flush()
        handedOver += slice.count
        thread.append(slice)
    }

    func append(_ bytes: RawSpan) {
        if gathered.count + bytes.byteCount > Self.blockSize { flush() }
        if gathered.count == 0 { gatheredSince = MonotonicClock.milliseconds }
        gathered.append(bytes)
    }

    func append(_ byte: UInt8) {
        if gathered.count == Self.blockSize { flush() }
        if gathered.count == 0 { gatheredSince = MonotonicClock.milliseconds }
        gathered.append(byte)
    }

    /// Hands over what was gathered.
    func flush() {
        guard gathered.count > 0 else { return }
        handedOver += gathered.count
        thread.append(gathered)
        gathered = ByteBlock(capacity: Self.blockSize)
    }

    /// Waits until all is written.
    func finish() throws(SystemError) {
        flush()
        try thread.finish()
    }
}
