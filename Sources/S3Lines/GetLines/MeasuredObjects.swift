/// How large objects are, as stored, and how much of them was taken: what tells how long a run still takes.
///
/// Bytes are `Double`: a service may claim sizes whose sum is no `Int`.
struct MeasuredObjects {
    /// All of them.
    var count = 0
    /// Those whose size is known.
    var sized = 0
    /// The known sizes, in bytes.
    var bytes = 0.0
    /// Bytes that were taken.
    var done = 0.0

    /// How much of all is done, from 0 to 1; nil if that is not known.
    ///
    /// - Parameter restBytes: the bytes of objects that follow; nil if that is not known.
    func share(restBytes: Double?) -> Double? {
        guard sized == count, let restBytes, bytes + restBytes > 0 else { return nil }
        return done / (bytes + restBytes)
    }
}
