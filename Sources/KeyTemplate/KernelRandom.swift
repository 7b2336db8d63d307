import ByteIO

/// The kernel's random numbers, fetched in the largest block that one call returns.
///
/// Source: getentropy(3), which is getrandom(2) and never waits for input or signals.
struct KernelRandom: ~Copyable {
    /// The most bytes that getentropy returns.
    private static let blockSize = 256

    private var bytes = [UInt8](repeating: 0, count: blockSize)
    private var used = blockSize

    /// The next 64 random bits.
    mutating func next() -> UInt64 {
        if used + 8 > bytes.count { refill() }
        defer { used += 8 }
        return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: used, as: UInt64.self)
    }

    private mutating func refill() {
        // It fails only where the kernel is older than 3.17: without random numbers no key would be unique.
        guard unsafe getentropy(&bytes, bytes.count) == 0 else { fatalError("getentropy: error \(errno)") }
        used = 0
    }
}
