/// Reads a descriptor block by block or line by line through one reused buffer.
///
///     buffer  ......|unread bytes|free...
///                    ^start       ^end
///
/// Blocks are read to page-aligned addresses. The rest of a block, usually the start of a line, is moved
/// directly before the next block. Only a line longer than a block makes the buffer grow, by doubling, and it
/// never shrinks. So memory is at most a block plus four times the longest line, and half as much more while
/// the buffer grows. If only the start of each line is needed, the rest of a long one is dropped as it is
/// read.
package struct LineReader: ~Copyable {
    /// The name of the input in messages.
    package let name: String
    /// The input's descriptor; not owned, since it is often standard input. It may be blocking or not.
    package let descriptor: CInt
    /// True once a read has returned end of file.
    package private(set) var isAtEnd = false

    private let blockSize: Int
    private var buffer: PageBuffer
    private var start: Int
    private var end: Int
    /// There is no newline before this offset, so `nextLine` does not search there again.
    private var searched: Int

    /// True while the rest of a line is being dropped.
    private var isDropping = false

    /// - Parameter blockSize: the size of one read, in bytes.
    package init(descriptor: CInt = STDIN_FILENO, name: String = "standard input", blockSize: Int = 1 << 18) {
        precondition(blockSize > 0)
        self.descriptor = descriptor
        self.name = name
        self.blockSize = PageBuffer.roundedToPages(blockSize)
        buffer = PageBuffer(capacity: self.blockSize + PageBuffer.pageSize)
        start = PageBuffer.pageSize
        end = start
        searched = start
    }

    /// The bytes that are not consumed yet. Valid until the next call of `fill`.
    package var unread: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(
                _unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end]))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Marks the first `count` unread bytes as consumed.
    package mutating func consume(_ count: Int) {
        start += count
        searched = max(searched, start)
    }

    /// The next line without its newline; nil if the buffer has no complete line: then call `fill`.
    ///
    /// At the end of the input, a last line without a newline is also returned.
    @_lifetime(&self)
    package mutating func nextLine() -> RawSpan? { nextLine(atMost: .max) }

    /// The next line, truncated to `limit` bytes; the rest takes no memory, whatever its length.
    @_lifetime(&self)
    package mutating func nextLine(atMost limit: Int) -> RawSpan? {
        let first = start
        let last: Int
        if let newline = findNewline() {
            last = newline
            start = newline + 1
        } else {
            if end - start > limit {
                end = start + limit
                isDropping = true
            }
            searched = end
            guard isAtEnd, first < end else { return nil }
            last = end
            start = end
        }
        searched = start
        let wanted = unsafe buffer.bytes[first..<last].prefix(limit)
        let line = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: wanted))
        return unsafe _overrideLifetime(line, mutating: &self)
    }

    private func findNewline() -> Int? {
        guard searched < end, let base = unsafe buffer.bytes.baseAddress,
            let found = unsafe memchr(base + searched, 0x0A, end - searched)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// Reads once, at most a block, and appends it to the unread bytes.
    ///
    /// - Returns: the number of bytes read. 0 at the end of the input, or if a non-blocking descriptor has no
    ///   data; then the caller waits, for its other events too.
    /// - Throws: the error of read(2), except EINTR.
    @discardableResult
    package mutating func fill() throws(SystemError) -> Int {
        guard !isAtEnd else { return 0 }
        makeRoom()
        let free = unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffer.bytes[end..<min(end + blockSize, buffer.capacity)])
        let count: Int
        do { count = try restarting(name) { unsafe read(descriptor, free.baseAddress, free.count) } } catch {
            guard error.isWouldBlock else { throw error }
            return 0
        }
        isAtEnd = count == 0
        if isDropping { keepAfterNewline(count) } else { end += count }
        return count
    }

    /// Ends the input here: nothing more is read, and the unread bytes are the last.
    package mutating func endHere() { isAtEnd = true }

    /// Drops bytes of a truncated line up to and including its newline.
    private mutating func keepAfterNewline(_ count: Int) {
        let newEnd = end + count
        guard count > 0, let base = unsafe buffer.bytes.baseAddress,
            let found = unsafe memchr(base + end, 0x0A, count)
        else { return }
        let newline = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        buffer.move(newline..<newEnd, to: end)
        end += newEnd - newline
        isDropping = false
    }

    /// Makes room after `end`: for a whole block if few bytes precede it, for less after a long line.
    private mutating func makeRoom() {
        let kept = end - start
        let page = PageBuffer.pageSize
        guard kept <= page || buffer.capacity - end < blockSize / 2 else { return }
        let readOffset = max(page, PageBuffer.roundedToPages(kept))
        if readOffset + blockSize <= buffer.capacity || start - page >= kept {
            // A block fits, or at least half of the buffer is consumed, so that moving is cheap.
            relocate(to: readOffset - kept)
        } else {
            let larger = PageBuffer(capacity: max(2 * buffer.capacity, readOffset + blockSize))
            buffer.copy(start..<end, into: larger, at: readOffset - kept)
            buffer = larger
            shift(by: readOffset - kept - start)
        }
    }

    private mutating func relocate(to offset: Int) {
        buffer.move(start..<end, to: offset)
        shift(by: offset - start)
    }

    private mutating func shift(by distance: Int) {
        start += distance
        end += distance
        searched += distance
    }
}
