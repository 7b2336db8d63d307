/// A byte buffer that is reused to build keys, values and records.
///
/// It grows by doubling and never shrinks, so no memory is allocated once it has held the longest content.
package struct ByteBuffer: ~Copyable {
    private var storage: PageBuffer
    /// The number of bytes.
    package private(set) var count = 0

    /// - Parameter capacity: the number of bytes that fit before it grows.
    package init(capacity: Int = PageBuffer.pageSize) {
        storage = PageBuffer(capacity: capacity)
    }

    /// The content. Valid until the buffer changes.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(
                _unsafeBytes: UnsafeRawBufferPointer(rebasing: storage.bytes[..<count]))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The byte at `offset`, which must be below `count`.
    package subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count)
        return unsafe storage.bytes[offset]
    }

    /// Removes all bytes.
    package mutating func removeAll() { count = 0 }

    /// Keeps the first `length` bytes; there must be at least that many.
    package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    /// Appends one byte.
    package mutating func append(_ byte: UInt8) {
        if count == storage.capacity { grow(by: 1) }
        unsafe storage.bytes[count] = byte
        count += 1
    }

    /// Appends `bytes`.
    package mutating func append(_ bytes: RawSpan) {
        let size = bytes.byteCount
        if size > storage.capacity - count { grow(by: size) }
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = unsafe storage.bytes.baseAddress else { return }
            unsafe memcpy(to + count, from, size)
        }
        count += size
    }

    /// Appends the content of another buffer.
    package mutating func append(_ other: borrowing ByteBuffer) { append(other.bytes) }

    /// Appends the bytes of `range`.
    package mutating func append(_ bytes: [UInt8], _ range: Range<Int>) {
        append(bytes.bytes.extracting(range))
    }

    /// Appends the bytes that `body` writes to a buffer of `capacity` bytes; `body` returns their number.
    package mutating func append(
        atMost capacity: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        if capacity > storage.capacity - count { grow(by: capacity) }
        let used = unsafe body(UnsafeMutableRawBufferPointer(rebasing: storage.bytes[count...]))
        precondition(used >= 0 && used <= capacity)
        count += used
    }

    /// Removes the first `length` bytes; there must be at least that many.
    package mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count)
        if length > 0 { storage.move(length..<count, to: 0) }
        count -= length
    }

    /// Appends `value` in decimal, padded with zeros to `width` digits.
    package mutating func append(decimal value: UInt64, width: Int = 1) {
        DecimalText(value).append(to: &self, width: width)
    }

    private mutating func grow(by size: Int) {
        let larger = PageBuffer(capacity: max(2 * storage.capacity, count + size))
        storage.copy(0..<count, into: larger, at: 0)
        storage = larger
    }
}
