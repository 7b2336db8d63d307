import ByteIO

/// A time format with a cache of its texts: most times of a stream lie within a few days or hours.
///
/// All seconds of a period have the same text: a day for `%Y-%m-%d`, an hour for `%Y-%m-%d/%H`. A table keeps
/// the texts of the latest periods, indexed by the period's number.
struct FormattedTimes {
    private static let places = 512
    private static let longestText = 32

    private let format: TimeFormat
    private let period: Int
    /// The number of the period whose text stands at each place.
    private var periods: [Int]
    private var lengths: [Int]
    /// `longestText` bytes for each place.
    private var texts: [UInt8]

    init(_ format: TimeFormat) {
        self.format = format
        period = format.resolution
        periods = Array(repeating: .min, count: Self.places)
        lengths = Array(repeating: 0, count: Self.places)
        texts = Array(repeating: 0, count: Self.places * Self.longestText)
    }

    /// Appends the text for a time, in seconds since the epoch.
    mutating func append(_ seconds: Int, to text: inout ByteBuffer) {
        let number = periodNumber(seconds)
        let place = number & (Self.places - 1)
        let first = place * Self.longestText
        if periods[place] == number {
            return text.append(texts, first..<first + lengths[place])
        }
        let start = text.count
        format.append(seconds, to: &text)
        let length = text.count - start
        guard length <= Self.longestText else { return }
        periods[place] = number
        lengths[place] = length
        for offset in 0..<length { texts[first + offset] = text[start + offset] }
    }

    /// Division by a constant takes a fraction of the time.
    private func periodNumber(_ seconds: Int) -> Int {
        switch period {
        case 86_400: floorDivide(seconds, 86_400)
        case 3600: floorDivide(seconds, 3600)
        case 60: floorDivide(seconds, 60)
        default: seconds
        }
    }
}
