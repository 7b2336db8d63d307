/// Writes slices one after the other, with as few system calls as possible.
///
/// Source: writev(2).
struct SliceWriter {
    /// The most slices of one write. Source: POSIX, IOV_MAX is at least 16; Linux and Darwin take 1024.
    static let most = 64

    private let slices: [ByteSlice]
    /// The number of bytes written so far.
    private(set) var writtenBytes = 0

    /// - Parameter slices: at most `most`, none of them empty; their bytes must not change.
    init(_ slices: [ByteSlice]) { self.slices = slices }

    /// Writes all of them; waits for a slow reader.
    mutating func write(to descriptor: CInt, name: String) throws(SystemError) {
        var vectors = unsafe slices.map {
            let bytes = unsafe $0.block.bytes(in: $0.range)
            return unsafe iovec(
                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        }
        while unsafe !vectors.isEmpty {
            let count = try restarting(name, waitingFor: CInt(POLLOUT), of: descriptor) {
                unsafe writev(descriptor, vectors, CInt(vectors.count))
            }
            writtenBytes += count
            unsafe drop(count, from: &vectors)
        }
    }

    /// Removes the first `count` bytes.
    private func drop(_ count: Int, from vectors: inout [iovec]) {
        var rest = count
        var whole = 0
        while unsafe whole < vectors.count && rest >= vectors[whole].iov_len {
            rest -= unsafe Int(vectors[whole].iov_len)
            whole += 1
        }
        unsafe vectors.removeFirst(whole)
        guard rest > 0 else { return }
        unsafe vectors[0].iov_base = unsafe vectors[0].iov_base?.advanced(by: rest)
        unsafe vectors[0].iov_len -= rest
    }
}
