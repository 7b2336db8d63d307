import S3Core

/// How an object of unknown length is cut into parts. A plain function of the part's number.
///
/// Parts begin small, so that memory holds many of them and small objects go out early, and double every
/// 800, so that 10,000 of them hold an object as large as a quarter of the memory allows; sooner, where a service takes
/// fewer parts:
///
///     parts          1...800   801...1600   1601...2400   ...   up to 10000
///     size           5M        10M          20M           ...   memory / 4
package struct PutPartPlan: Equatable, Sendable {
    /// Which share of all parts that there may be have one size: 800 of 10,000.
    private static let shareOfASize = 0.08
    /// A buffer at most fills a quarter of the memory: some are sent while the next one is filled.
    package static let partsInMemory = 4

    private let first: Int
    private let largest: Int
    /// How many parts there may be.
    package let most: Int
    /// Whether all parts but the last one are equally large.
    package let isFixed: Bool

    /// Parts that grow.
    ///
    /// - Parameters:
    ///   - first: the size of the first part, in bytes.
    ///   - memory: the bytes that all buffers may take, at least `partsInMemory` times `first`.
    package init(first: Int, memory: Int, most: Int = MultipartLimits.maxParts) {
        self.most = most
        self.first = first
        largest = max(first, min(memory / Self.partsInMemory, MultipartLimits.maxPartSize))
        isFixed = false
    }

    /// Parts of `size` bytes each.
    package init(fixed size: Int, most: Int = MultipartLimits.maxParts) {
        self.most = most
        first = size
        largest = size
        isFixed = true
    }

    /// The size of part `number`, from 1, in bytes, or nil if there can be no such part.
    package func size(of number: Int) -> Int? {
        guard (1...most).contains(number) else { return nil }
        let ofASize = max(1, Int(Double(most) * Self.shareOfASize))
        return min(largest, first << ((number - 1) / ofASize))
    }

    /// Which option makes larger objects possible, in words.
    package var remedy: String {
        let needed = 2 * largest
        return isFixed
            ? "use --part-size \(needed >> 20)M or more"
            : "use --memory \((needed * Self.partsInMemory) >> 20)M or more"
    }
}
