/// Bytes being put together, in memory that is used again and again: a key, a value, a record.
///
/// It grows by doubling and never shrinks, so after the longest content nothing is allocated any more.
package struct ByteBuffer: ~Copyable {
    private var storage: PageBuffer
    /// How many bytes it holds.
    package private(set) var count = 0

    /// - Parameter capacity: how many bytes fit before it grows.
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

    /// Makes it empty.
    package mutating func removeAll() { count = 0 }

    /// Keeps the first `length` bytes, of which there must be that many.
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

    /// Appends `value` in decimal digits, with zeros before it up to `width` digits.
    package mutating func append(decimal value: UInt64, width: Int = 1) {
        DecimalText(value).append(to: &self, width: width)
    }

    private mutating func grow(by size: Int) {
        let larger = PageBuffer(capacity: max(2 * storage.capacity, count + size))
        storage.copy(0..<count, into: larger, at: 0)
        storage = larger
    }
}
