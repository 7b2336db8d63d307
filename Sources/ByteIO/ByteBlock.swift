/// An append-only byte buffer that can be shared: a record's data while it is collected, a request's body
/// while it is sent.
///
/// A class, because the object that a body belongs to and the transfer that sends it share it, and C keeps a
/// pointer to it meanwhile. The code that appends must make sure that no transfer is in progress.
@safe package final class ByteBlock {
    private var storage: UnsafeMutableRawBufferPointer
    // Private storage for `count`: accesses to properties visible in other modules are checked for
    // exclusivity.
    private var length = 0

    /// The number of bytes.
    package var count: Int { length }

    /// - Parameter capacity: the number of bytes that fit before the memory has to grow.
    package init(capacity: Int = 256) {
        unsafe storage = allocatedMemory(max(capacity, 16), alignment: 8)
    }

    /// Creates a copy of `bytes`.
    package convenience init(_ bytes: RawSpan) {
        self.init(capacity: bytes.byteCount)
        append(bytes)
    }

    deinit { unsafe free(storage.baseAddress) }

    /// The number of bytes that fit before the memory has to grow.
    package var capacity: Int { unsafe storage.count }

    /// The bytes; valid until the next change.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: storage[..<count]))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The bytes of `range`. Does not read the length, because another thread may read these bytes while this
    /// one appends after them within the capacity.
    func bytes(in range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: storage[range])
    }

    /// The number of bytes that can be appended before the memory has to grow, which invalidates pointers.
    package var room: Int { capacity - length }

    /// The address of the first byte, for C code that keeps it; valid while the block lives and does not
    /// change.
    package var address: UnsafeRawPointer? { unsafe UnsafeRawPointer(storage.baseAddress) }

    /// Appends a copy of `bytes`.
    package func append(_ bytes: RawSpan) {
        let size = bytes.byteCount
        guard size > 0 else { return }
        let end = count + size
        reserve(end)
        // Written through a local copy of the pointer: in-place changes of a class's property are checked for
        // exclusivity each time.
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

    /// Appends the bytes that `body` writes to a buffer of `room` bytes.
    ///
    /// - Parameter body: returns the number of bytes written, at most `room`.
    package func append(upTo room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(count + room)
        let written = unsafe body(UnsafeMutableRawBufferPointer(rebasing: storage[count..<count + room]))
        precondition(written >= 0 && written <= room)
        length += written
    }

    /// Removes all bytes and keeps the memory.
    package func removeAll() { length = 0 }

    /// Removes the last `size` bytes.
    package func removeLast(_ size: Int) {
        precondition(size >= 0 && size <= count)
        length -= size
    }

    /// Grows the memory to exactly `capacity` bytes if it is smaller.
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

/// A range of a block's bytes. While the slice exists, the block may only be appended to, within its room.
package struct ByteSlice {
    package let block: ByteBlock
    /// Offsets into the block.
    package let range: Range<Int>

    package init(_ block: ByteBlock, _ range: Range<Int>) {
        self.block = block
        self.range = range
    }

    /// A slice of all of `block`.
    package init(_ block: ByteBlock) { self.init(block, 0..<block.count) }

    package var count: Int { range.count }

    /// The bytes; valid while the slice exists.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeBytes: block.bytes(in: range))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The two slices as one if `next` follows in the same block; otherwise nil.
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
    /// Appends a slice, or extends the last one if the slice continues it. So small pieces that fill a block
    /// become one slice.
    package mutating func add(_ slice: ByteSlice) {
        guard let last, let joined = last.joined(with: slice) else { return append(slice) }
        self[count - 1] = joined
    }
}
