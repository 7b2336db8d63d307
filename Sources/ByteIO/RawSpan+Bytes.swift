extension [UInt8] {
    /// The array's bytes. For `UInt8` the general `Span.bytes` has no padding to expose, so this is safe.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe span.bytes }
    }
}

extension RawSpan {
    /// A copy of the bytes.
    package var array: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }

    /// The byte at `offset`, which must be within the span.
    ///
    /// Public, since only that is inlined in other modules.
    @inlinable public subscript(offset: Int) -> UInt8 {
        // The unsigned comparison also rejects negative offsets.
        precondition(UInt(bitPattern: offset) < UInt(bitPattern: byteCount))
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}

extension RawSpan {
    /// The offset of the first `byte` at or after `start`, or nil. Source: memchr(3).
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        unsafe withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, CInt(byte), bytes.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// The offset of the last `byte`, or nil.
    package func lastIndex(of byte: UInt8) -> Int? {
        unsafe withUnsafeBytes { bytes in
            var index = bytes.count
            while index > 0 {
                index -= 1
                if unsafe bytes[index] == byte { return index }
            }
            return nil
        }
    }

    /// The number of occurrences of `byte`.
    package func count(of byte: UInt8) -> Int {
        typealias Lanes = SIMD32<UInt8>
        let wanted = Lanes(repeating: byte)
        var count = 0
        var offset = 0
        unsafe withUnsafeBytes { bytes in
            while offset + Lanes.scalarCount <= bytes.count {
                // A lane can count up to 255.
                let end = min(bytes.count, offset + 255 * Lanes.scalarCount)
                var sums = Lanes()
                while offset + Lanes.scalarCount <= end {
                    let lanes = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
                    // An equal lane is all ones, which is -1.
                    sums &-= unsafe unsafeBitCast(lanes .== wanted, to: Lanes.self)
                    offset += Lanes.scalarCount
                }
                for lane in sums.indices { count += Int(sums[lane]) }
            }
        }
        while offset < byteCount {
            count += self[offset] == byte ? 1 : 0
            offset += 1
        }
        return count
    }

    /// True if at least one byte is less than or equal to `limit`, which is less than 255.
    package func hasByte(upTo limit: UInt8) -> Bool {
        // The loop does not stop early, so that it can be vectorized.
        unsafe withUnsafeBytes { bytes in
            var least = UInt8.max
            for index in 0..<bytes.count { least = unsafe min(least, bytes[index]) }
            return least <= limit
        }
    }

    /// The decimal number in the bytes; nil unless they are all digits.
    package var decimal: Int? {
        guard byteCount > 0 else { return nil }
        var number = 0
        for index in 0..<byteCount {
            let digit = self[index]
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            guard (0x30...0x39).contains(digit), !isTooLarge else { return nil }
            let (sum, overflows) = tens.addingReportingOverflow(Int(digit - 0x30))
            guard !overflows else { return nil }
            number = sum
        }
        return number
    }

    /// The number of leading bytes that satisfy `condition`.
    package func prefixLength(where condition: (UInt8) -> Bool) -> Int {
        var length = 0
        while length < byteCount, condition(self[length]) { length += 1 }
        return length
    }

    /// True if the bytes equal `other`.
    package func equals(_ other: [UInt8]) -> Bool {
        unsafe withUnsafeBytes { bytes in
            guard bytes.count == other.count else { return false }
            guard let base = bytes.baseAddress else { return true }
            return unsafe memcmp(base, other, other.count) == 0
        }
    }

    /// True if the bytes are well-formed UTF-8: no overlong forms, no surrogates.
    package var isUTF8: Bool {
        do {
            _ = try UTF8Span(validating: Span<UInt8>(_bytes: self))
            return true
        } catch {
            return false
        }
    }
}
