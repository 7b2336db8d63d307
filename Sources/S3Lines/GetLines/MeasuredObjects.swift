import S3Core

/// The sizes of objects as stored, and how much of them was taken: the basis for estimating the remaining
/// time.
///
/// Bytes are `Double`: the sum of the sizes that a service claims may exceed `Int`.
struct MeasuredObjects {
    /// The number of objects.
    private(set) var count = 0
    /// The number of objects with a known size.
    private var sized = 0
    /// The known sizes, in bytes.
    private var bytes = 0.0
    /// Bytes taken so far.
    private var done = 0.0

    /// Adds an object, with its size if a listing has it.
    mutating func add(_ object: WindowObject) {
        count += 1
        measure(object, size: object.request.known?.size)
    }

    /// Records the size of an object; the first one that is known counts.
    mutating func measure(_ object: WindowObject, size: Int?) {
        guard !object.isMeasured, let size else { return }
        object.isMeasured = true
        sized += 1
        bytes += Double(size)
    }

    /// Records that `count` more bytes were taken; fewer than none if an object starts again.
    mutating func took(_ count: Int) { done += Double(count) }

    /// The share of the work that is done, from 0 to 1; nil if unknown.
    ///
    /// - Parameter restBytes: the bytes of the objects still to come; nil if unknown.
    func share(restBytes: Double?) -> Double? {
        guard sized == count, let restBytes, bytes + restBytes > 0 else { return nil }
        return done / (bytes + restBytes)
    }
}
