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

/// Computes expensive checksums in other threads, also before an object's turn if all of it is here.
extension GetLines {
    /// Starts the checksum of the received bytes of `object` in another thread, if they are many enough.
    func hashInBackground(_ object: WindowObject) {
        guard let hashing = object.lines.lendBytes() else { return }
        object.hashing = hashing
        objects.recount(object)
        pool.submit(Work { hashing.run() }) { [unowned self] in
            // The object may have been dropped meanwhile.
            guard object.hashing === hashing else { return }
            object.hashing = nil
            object.lines.takeBack(hashing)
            objects.recount(object)
            if !options.keepsOrder { changed.insert(object.number) }
            hashInBackground(object)
        }
    }
}
