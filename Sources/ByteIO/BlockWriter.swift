/// A buffered writer to a descriptor.
///
/// Data is written only when a block is full. Callers that are about to wait for input call `flush` first, so
/// that a slow stream is not delayed.
package struct BlockWriter: ~Copyable {
    /// The name of the output in messages.
    package let name: String
    /// The output's descriptor; not owned. It may be blocking or not.
    package let descriptor: CInt

    private var buffer: PageBuffer
    private var count = 0

    /// - Parameter blockSize: the size of the buffer in bytes.
    package init(
        descriptor: CInt = STDOUT_FILENO, name: String = "standard output", blockSize: Int = 1 << 17
    ) {
        self.descriptor = descriptor
        self.name = name
        buffer = PageBuffer(capacity: blockSize)
    }

    /// Appends `bytes`. A whole block or more is written without being copied.
    package mutating func append(_ bytes: RawSpan) throws(SystemError) {
        let size = bytes.byteCount
        if size > buffer.capacity - count {
            try flush()
            if size >= buffer.capacity {
                try writeAll(bytes, to: descriptor, name: name)
                return
            }
        }
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = unsafe buffer.bytes.baseAddress else { return }
            unsafe memcpy(to + count, from, size)
        }
        count += size
    }

    /// Appends `bytes` and one more byte, which ends a field or a line.
    package mutating func append(_ bytes: RawSpan, endedBy end: UInt8) throws(SystemError) {
        let size = bytes.byteCount
        guard size < buffer.capacity - count else {
            try append(bytes)
            return try append(end)
        }
        unsafe bytes.withUnsafeBytes { source in
            guard let to = unsafe buffer.bytes.baseAddress else { return }
            if let from = source.baseAddress { unsafe memcpy(to + count, from, size) }
            unsafe to.storeBytes(of: end, toByteOffset: count + size, as: UInt8.self)
        }
        count += size + 1
    }

    /// Appends the content of a buffer and one byte after it.
    package mutating func append(
        _ buffer: borrowing ByteBuffer, endedBy end: UInt8
    ) throws(SystemError) {
        try append(buffer.bytes, endedBy: end)
    }

    /// Appends one byte.
    package mutating func append(_ byte: UInt8) throws(SystemError) {
        if count == buffer.capacity { try flush() }
        unsafe buffer.bytes[count] = byte
        count += 1
    }

    /// Writes the buffered bytes; waits for a slow reader.
    package mutating func flush() throws(SystemError) {
        guard count > 0 else { return }
        let gathered = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        // Reset first: after an error a later flush must not write the same bytes again.
        count = 0
        try writeAll(gathered, to: descriptor, name: name)
    }
}

/// Writes all of `bytes` with as many calls of write(2) as needed; waits for a slow reader.
package func writeAll(_ bytes: RawSpan, to descriptor: CInt, name: String) throws(SystemError) {
    var written = 0
    while written < bytes.byteCount {
        let rest = bytes.extracting(droppingFirst: written)
        written += try restarting(name, waitingFor: CInt(POLLOUT), of: descriptor) {
            unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        }
    }
}

/// Writes all of `text` as UTF-8.
package func writeAll(_ text: String, to descriptor: CInt, name: String) throws(SystemError) {
    let encoded = [UInt8](text.utf8)
    try writeAll(encoded.bytes, to: descriptor, name: name)
}
