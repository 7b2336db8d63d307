import ByteIO

/// Lines on their way to standard output: short pieces are gathered, long ones go as they are.
final class LineOutput {
    /// What the writing thread has to do at most before it gets more.
    private let limit: Int
    private let thread: OutputThread
    private var gathered = ByteBlock(capacity: blockSize)
    /// When the first of the gathered bytes came, by the monotonic clock in milliseconds.
    private(set) var gatheredSince = 0
    /// Bytes that were taken so far.
    private(set) var acceptedBytes = 0
    /// Up to how many accepted bytes there is room for sure.
    private var roomEnd = 0

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
    var hasRoom: Bool {
        // What waits becomes less by itself: the thread need not be asked before this was used up.
        if acceptedBytes >= roomEnd { roomEnd = acceptedBytes + limit - queuedBytes }
        return acceptedBytes < roomEnd
    }
    /// True if `flush` has something to do.
    var hasGathered: Bool { gathered.count > 0 }
    /// Why nothing more can be written.
    var error: SystemError? { thread.error }

    private func hand(over slice: ByteSlice) {
        flush()
        acceptedBytes += slice.count
        thread.append(slice)
    }

    func append(_ bytes: RawSpan) {
        if gathered.count + bytes.byteCount > Self.blockSize { flush() }
        if gathered.count == 0 { gatheredSince = MonotonicClock.milliseconds }
        gathered.append(bytes)
        acceptedBytes += bytes.byteCount
    }

    func append(_ byte: UInt8) {
        if gathered.count == Self.blockSize { flush() }
        if gathered.count == 0 { gatheredSince = MonotonicClock.milliseconds }
        gathered.append(byte)
        acceptedBytes += 1
    }

    /// Writes the lines of `object` that are pending, each behind its key if that is wanted. Stops behind a
    /// line once there is no room; a line is never left half written for want of room.
    ///
    /// - Returns: true if all of them were written.
    func appendPending(of object: WindowObject, withKey: Bool) -> Bool {
        let pending = object.pending
        guard !pending.isEmpty else { return true }
        object.pending = []
        for (index, slice) in pending.enumerated() {
            let taken = append(slice, of: object, withKey: withKey)
            guard taken == slice.count else {
                object.pending = [slice.dropFirst(taken)] + pending[(index + 1)...]
                return false
            }
        }
        return true
    }

    /// - Returns: how many bytes were written.
    private func append(_ slice: ByteSlice, of object: WindowObject, withKey: Bool) -> Int {
        let bytes = slice.bytes
        var start = 0
        while start < bytes.byteCount {
            guard !object.isAtLineStart || hasRoom else { break }
            if withKey && object.isAtLineStart { append(object.keyField.bytes) }
            // Without keys a slice goes as it is: it is no longer than a block.
            let newline = withKey ? bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) : nil
            let end = newline.map { $0 + 1 } ?? bytes.byteCount
            if end - start < Self.longPiece {
                append(bytes.extracting(start..<end))
            } else {
                hand(over: slice.dropFirst(start).prefix(end - start))
            }
            object.wrote(end - start, last: bytes[end - 1])
            start = end
        }
        return start
    }

    /// Hands over what was gathered.
    func flush() {
        guard gathered.count > 0 else { return }
        thread.append(gathered)
        gathered = ByteBlock(capacity: Self.blockSize)
    }

    /// Waits until all is written.
    func finish() throws(SystemError) {
        flush()
        try thread.finish()
    }
}
