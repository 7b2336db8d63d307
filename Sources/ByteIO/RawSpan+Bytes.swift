extension [UInt8] {
    /// The array's bytes, lent. Spelled here once: for `UInt8` the general `Span.bytes` has no padding to
    /// expose and so is safe.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe span.bytes }
    }
}

extension RawSpan {
    /// A copy of the bytes.
    package var array: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }

    /// The byte at `offset`, which must be within the span.
    @inlinable package subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount)
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}
