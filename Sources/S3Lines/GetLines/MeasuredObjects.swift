/// The sizes of objects as stored, and how much of them was taken: the basis for estimating the remaining
/// time.
///
/// Bytes are `Double`: the sum of the sizes that a service claims may exceed `Int`.
struct MeasuredObjects {
    /// The number of objects.
    var count = 0
    /// The number of objects with a known size.
    var sized = 0
    /// The known sizes, in bytes.
    var bytes = 0.0
    /// Bytes taken so far.
    var done = 0.0

    /// The share of the work that is done, from 0 to 1; nil if unknown.
    ///
    /// - Parameter restBytes: the bytes of the objects still to come; nil if unknown.
    func share(restBytes: Double?) -> Double? {
        guard sized == count, let restBytes, bytes + restBytes > 0 else { return nil }
        return done / (bytes + restBytes)
    }
}
