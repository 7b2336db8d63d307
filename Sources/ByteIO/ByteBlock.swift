/// Bytes that grow at their end and stay where they are while somebody else holds on to them: a record's
/// data while it is gathered, a request's body while it is sent.
///
/// A class, because a body is held by the object it belongs to and by the transfer that sends it, and C
/// keeps a pointer to it meanwhile. Who appends must know that no transfer is under way.
@safe package final class ByteBlock {
    private var storage: UnsafeMutableRawBufferPointer
    // Not `count` itself: what other modules can reach is checked for exclusivity at each access.
    private var length = 0

    /// How many bytes there are.
    package var count: Int { length }

    /// - Parameter capacity: how many bytes fit before the memory has to grow.
    package init(capacity: Int = 256) {
        unsafe storage = allocatedMemory(max(capacity, 16), alignment: 8)
    }

    /// A copy of `bytes`.
    package convenience init(_ bytes: RawSpan) {
        self.init(capacity: bytes.byteCount)
        append(bytes)
    }

    deinit { unsafe free(storage.baseAddress) }

    /// The bytes that fit before the memory has to grow.
    package var capacity: Int { unsafe storage.count }

    /// The bytes, lent until the next change.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: storage[..<count]))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Those of `range`. Not even the number of bytes is looked at: another thread may have them while this one
    /// appends after them within the capacity.
    fileprivate func bytes(in range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: storage[range])
    }

    /// How many bytes can be appended before the memory has to grow, and others lose the bytes they hold.
    package var room: Int { capacity - length }

    /// The address of the first byte, for C that keeps it: valid while the block lives and does not change.
    package var address: UnsafeRawPointer? { unsafe UnsafeRawPointer(storage.baseAddress) }

    /// Appends a copy of `bytes`.
    package func append(_ bytes: RawSpan) {
        let size = bytes.byteCount
        guard size > 0 else { return }
        let end = count + size
        reserve(end)
        // Copied first: changing the class's own buffer in place would be checked for exclusivity each time.
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[count..<end])
        unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        length = end
    }

    /// Appends one byte.
    package func append(_ byte: UInt8) {
        let end = count + 1
        reserve(end)
        let target = unsafe storage
        unsafe target[end - 1] = byte
        length = end
    }

    /// Appends what `body` writes to `room` bytes that it is given.
    ///
    /// - Parameter body: returns how many it has written, at most `room`.
    package func append(upTo room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(count + room)
        let written = unsafe body(UnsafeMutableRawBufferPointer(rebasing: storage[count..<count + room]))
        precondition(written >= 0 && written <= room)
        length += written
    }

    /// Forgets the bytes and keeps the memory.
    package func removeAll() { length = 0 }

    /// Forgets the last `size` bytes.
    package func removeLast(_ size: Int) {
        precondition(size >= 0 && size <= count)
        length -= size
    }

    /// Makes room for `capacity` bytes in all, and no more, where there is less.
    package func grow(to capacity: Int) {
        guard capacity > self.capacity else { return }
        let larger = unsafe allocatedMemory(capacity, alignment: 8)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
        unsafe free(storage.baseAddress)
        unsafe storage = unsafe larger
    }

    private func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        grow(to: max(needed, 2 * capacity))
    }
}

/// Some of a block's bytes, which stay while the slice does; meanwhile nothing may be done to the block but to append
/// to it, within its room.
package struct ByteSlice {
    package let block: ByteBlock
    /// Offsets into the block.
    package let range: Range<Int>

    package init(_ block: ByteBlock, _ range: Range<Int>) {
        self.block = block
        self.range = range
    }

    /// All of `block`.
    package init(_ block: ByteBlock) { self.init(block, 0..<block.count) }

    package var count: Int { range.count }

    /// The bytes, lent.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeBytes: block.bytes(in: range))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The two as one, where `next` follows in the same block.
    package func joined(with next: ByteSlice) -> ByteSlice? {
        guard block === next.block, range.upperBound == next.range.lowerBound else { return nil }
        return ByteSlice(block, range.lowerBound..<next.range.upperBound)
    }

    /// The bytes from `offset` on.
    package func dropFirst(_ offset: Int) -> ByteSlice {
        ByteSlice(block, range.lowerBound + offset..<range.upperBound)
    }

    /// The bytes before `offset`.
    package func prefix(_ offset: Int) -> ByteSlice {
        ByteSlice(block, range.lowerBound..<range.lowerBound + offset)
    }
}

extension [ByteSlice] {
    /// Appends a slice, or makes the last one longer where the slice continues it: however small the pieces are that
    /// fill a block, they are one slice of it.
    package mutating func add(_ slice: ByteSlice) {
        guard let last, let joined = last.joined(with: slice) else { return append(slice) }
        self[count - 1] = joined
    }
}
