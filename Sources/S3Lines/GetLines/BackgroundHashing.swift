import ByteIO

/// Computes an expensive checksum of an object's next bytes in another thread.
///
/// `ObjectLines` lends it the checksum and the bytes and takes both back. No other code may touch them
/// meanwhile.
final class BackgroundHashing {
    private var verification: ChecksumVerification?
    private let slices: [ByteSlice]
    /// The number of bytes.
    let count: Int

    init(_ verification: consuming ChecksumVerification, _ slices: [ByteSlice], count: Int) {
        self.verification = consume verification
        self.slices = slices
        self.count = count
    }

    func run() {
        for slice in slices { verification?.update(slice.bytes) }
    }

    /// Takes the updated checksum.
    func takeVerification() -> ChecksumVerification? { verification.take() }
}
