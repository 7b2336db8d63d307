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

    /// Writes the lines of `object` that are pending, each behind its key if that is wanted. Stops behind a
    /// line once there is no room; a line is never left half written for want of room.
    ///
    /// - Returns: true if all of them were written.
    func appendPending(of object: WindowObject, withKey: Bool) -> Bool {
        var end = 0
        for (index, slice) in object.pending.enumerated() {
            let taken = append(slice, of: object, withKey: withKey, upTo: &end)
            guard taken == slice.count else {
                object.pending.removeFirst(index)
                object.pending[0] = slice.dropFirst(taken)
                return false
            }
        }
        object.pending.removeAll()
        return true
    }

    /// - Returns: how many bytes were written.
    private func append(_ slice: ByteSlice, of object: WindowObject, withKey: Bool, upTo end: inout Int)
        -> Int
    {
        let bytes = slice.bytes
        var start = 0
        while start < bytes.byteCount {
            guard hasRoomFor(object, upTo: &end) else { break }
            if withKey && object.isAtLineStart { append(object.keyField.bytes) }
            // Without keys a slice goes as it is: it is no longer than a block.
            let newline = withKey ? bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) : nil
            let piece = slice.dropFirst(start).prefix((newline.map { $0 + 1 } ?? bytes.byteCount) - start)
            append(piece)
            object.wrote(piece)
            start += piece.count
        }
        return start
    }

    /// True if the next piece of `object` may be written.
    ///
    /// - Parameter end: up to how many accepted bytes there is room for sure.
    private func hasRoomFor(_ object: WindowObject, upTo end: inout Int) -> Bool {
        guard object.isAtLineStart, acceptedBytes >= end else { return true }
        end = acceptedBytes + limit - queuedBytes
        return acceptedBytes < end
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
