import S3Core

/// How an object of unknown length is cut into parts. A pure function of the part number.
///
/// Parts start small, so that memory holds many of them and small objects are sent early. The size doubles
/// every 800 parts, so that 10,000 parts reach a quarter of the memory each. If a service allows fewer parts,
/// the size doubles sooner:
///
///     parts          1...800   801...1600   1601...2400   ...   up to 10000
///     size           5M        10M          20M           ...   memory / 4
package struct PutPartPlan: Equatable, Sendable {
    /// The share of the allowed parts that have the same size: 800 of 10,000.
    private static let shareOfASize = 0.08
    /// A part is at most a quarter of the memory: some parts are sent while the next is filled.
    package static let partsInMemory = 4

    private let first: Int
    private let largest: Int
    /// The maximum number of parts.
    package let most: Int
    /// Whether all parts but the last have the same size.
    package let isFixed: Bool

    /// A plan with growing parts.
    ///
    /// - Parameters:
    ///   - first: the size of the first part, in bytes.
    ///   - memory: the limit of all buffers in bytes, at least `partsInMemory` times `first`.
    package init(first: Int, memory: Int, most: Int = MultipartLimits.maxParts) {
        self.most = most
        self.first = first
        largest = max(first, min(memory / Self.partsInMemory, MultipartLimits.maxPartSize))
        isFixed = false
    }

    /// A plan with parts of `size` bytes each.
    package init(fixed size: Int, most: Int = MultipartLimits.maxParts) {
        self.most = most
        first = size
        largest = size
        isFixed = true
    }

    /// The size in bytes of part `number`, counted from 1, or nil if there is no such part.
    package func size(of number: Int) -> Int? {
        guard (1...most).contains(number) else { return nil }
        let ofASize = max(1, Int(Double(most) * Self.shareOfASize))
        return min(largest, first << ((number - 1) / ofASize))
    }

    /// Text that names the option to change for larger objects.
    package var remedy: String {
        let needed = 2 * largest
        return isFixed
            ? "use --part-size \(needed >> 20)M or more"
            : "use --memory \((needed * Self.partsInMemory) >> 20)M or more"
    }
}
