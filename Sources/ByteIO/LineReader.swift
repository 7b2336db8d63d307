/// A descriptor's bytes, block by block or line by line, from one buffer that is reused.
///
///     buffer  ......|unread bytes|free...
///                    ^start       ^end
///
/// Blocks are read to addresses on page starts. What is left of a block, usually the head of a line, is
/// moved to end where the next block starts; only a line longer than a block makes the buffer grow, by
/// doubling, and it never shrinks. Memory is therefore a block plus up to four times the longest line, and
/// half as much again while the buffer grows. Where only the start of each line is wanted, the rest of a long one
/// is dropped as it is read.
package struct LineReader: ~Copyable {
    /// What is read from, as messages name it.
    package let name: String
    /// The descriptor read from; not owned, since it is often standard input, and used as it was found,
    /// blocking or not.
    package let descriptor: CInt
    /// True once a read has returned nothing more.
    package private(set) var isAtEnd = false

    private let blockSize: Int
    private var buffer: PageBuffer
    private var start: Int
    private var end: Int
    /// Bytes before this hold no newline; `nextLine` does not look at them twice.
    private var searched: Int

    /// True while what is read belongs to a line of which no more is wanted.
    private var isDropping = false

    /// - Parameter blockSize: the most bytes one read asks for.
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

    /// The bytes that were read and not yet consumed. Valid until the next call of `fill`.
    package var unread: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(
                _unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end]))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Marks the first `count` unread bytes as used.
    package mutating func consume(_ count: Int) {
        start += count
        searched = max(searched, start)
    }

    /// The next line without its newline, or nil when the buffer holds no whole one: then `fill`.
    ///
    /// At the end of the input a last line without a newline is returned as well, once.
    @_lifetime(&self)
    package mutating func nextLine() -> RawSpan? { nextLine(atMost: .max) }

    /// The same, but only the first `limit` bytes of the line: no more of it takes memory, however long it is.
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

    /// Reads once, up to a block, after the unread bytes.
    ///
    /// - Returns: the number of bytes read: 0 at the end of the input, and where a descriptor that does not
    ///   block has none now. Then the caller waits, for whatever else it waits for too.
    /// - Throws: what read(2) failed with; a signal is no failure.
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

    /// Drops what was read of a line of which no more is wanted: all up to its newline.
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

    /// Leaves room from `end` on: a whole block's in front of which little is left, some after a long line.
    private mutating func makeRoom() {
        let kept = end - start
        let page = PageBuffer.pageSize
        guard kept <= page || buffer.capacity - end < blockSize / 2 else { return }
        let readOffset = max(page, PageBuffer.roundedToPages(kept))
        if readOffset + blockSize <= buffer.capacity || start - page >= kept {
            // A block fits, or as much was used as is left: moving costs less than it saves.
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
