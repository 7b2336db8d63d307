import ByteIO

/// A checksum that takes long, being computed of an object's next bytes by another thread.
///
/// It is lent the sum and the bytes by `ObjectLines`, which takes both back. It is left alone between.
final class BesideHashing {
    private var verification: ChecksumVerification?
    private let slices: [ByteSlice]
    /// How many bytes are added.
    let count: Int

    init(_ verification: consuming ChecksumVerification, _ slices: [ByteSlice], count: Int) {
        self.verification = consume verification
        self.slices = slices
        self.count = count
    }

    func run() {
        for slice in slices { verification?.update(slice.bytes) }
    }

    /// The sum, with those bytes.
    func takeVerification() -> ChecksumVerification? { verification.take() }
}

/// Objects are verified beside the loop where that takes long, and ahead of their turn where all of them is here.
extension GetLines {
    /// Lets the checksum of what came of `object` be computed, if that is worth a thread.
    func hashBeside(_ object: WindowObject) {
        guard let hashing = object.lines.lendBytes() else { return }
        object.hashing = hashing
        recount(object)
        pool.submit(Work { hashing.run() }) { [unowned self] in
            // It may have been dropped meanwhile.
            guard object.hashing === hashing else { return }
            object.hashing = nil
            object.lines.takeBack(hashing)
            recount(object)
            if !options.keepsOrder { changed.insert(object.number) }
            hashBeside(object)
        }
    }
}
