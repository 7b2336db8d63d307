import S3Core

/// How an object of unknown length is cut into parts. A plain function of the part's number.
///
/// Parts begin small, so that memory holds many of them and small objects go out early, and double every
/// 800, so that 10,000 of them hold an object as large as a quarter of the memory allows:
///
///     parts          1...800   801...1600   1601...2400   ...   up to 10000
///     size           5M        10M          20M           ...   memory / 4
package struct PutPartPlan: Equatable, Sendable {
    /// How many parts have one size.
    private static let partsOfASize = 800
    /// A buffer at most fills a quarter of the memory: some are sent while the next one is filled.
    package static let partsInMemory = 4

    private let first: Int
    private let largest: Int
    /// Whether all parts but the last one are equally large.
    package let isFixed: Bool

    /// Parts that grow.
    ///
    /// - Parameters:
    ///   - first: the size of the first part, in bytes.
    ///   - memory: the bytes that all buffers may take, at least `partsInMemory` times `first`.
    package init(first: Int, memory: Int) {
        self.first = first
        largest = max(first, min(memory / Self.partsInMemory, MultipartLimits.maxPartSize))
        isFixed = false
    }

    /// Parts of `size` bytes each.
    package init(fixed size: Int) {
        first = size
        largest = size
        isFixed = true
    }

    /// The size of part `number`, from 1, in bytes, or nil if there can be no such part.
    package func size(of number: Int) -> Int? {
        guard (1...MultipartLimits.maxParts).contains(number) else { return nil }
        return min(largest, first << ((number - 1) / Self.partsOfASize))
    }

    /// Which option makes larger objects possible, in words.
    package var remedy: String {
        let needed = 2 * largest
        return isFixed
            ? "use --part-size \(needed >> 20)M or more"
            : "use --memory \((needed * Self.partsInMemory) >> 20)M or more"
    }
}
