import ByteIO

/// A sample of consecutive keys of a listing, and the number of keys up to each: one page, or adjacent ones.
///
///     after | first ... kept ... kept ... last |    unknown keys             | after of the next sample
///           |<------------ count ------------->|<---------- a gap ----------->|
struct KeySample {
    /// A key, and the number of the sample's keys up to it.
    struct Kept {
        let key: [UInt8]
        let rank: Int
    }

    /// The sample starts after this key; nil at the start of the listing.
    let after: [UInt8]?
    /// The number of keys in the sample.
    private(set) var count = 0
    /// The retained keys, including the first and the last.
    private(set) var kept: [Kept] = []
    /// True if there are no keys between it and the next sample, or the end of the listing.
    var isClosed = false
    /// There are no keys between this one and the next sample.
    var emptyAfter: [UInt8]?

    init(after: [UInt8]?) { self.after = after }

    var last: [UInt8]? { kept.last?.key }

    /// Appends the next keys.
    mutating func append(_ objects: some Sequence<ListObjectsV2.Object>) {
        for object in objects {
            count += 1
            kept.append(Kept(key: object.key, rank: count))
        }
    }

    /// Keeps every second key, and both ends.
    mutating func thinOut() {
        guard kept.count > 2 else { return }
        let end = kept.count - 1
        kept = kept.enumerated().filter { $0.offset.isMultiple(of: 2) || $0.offset == end }.map(\.element)
    }

    /// Sorts the retained keys by bytes; the ranks are then spaced evenly.
    mutating func sort() {
        let keys = kept.map(\.key).sorted { $0.precedes($1) }
        kept = keys.enumerated().map { Kept(key: $1, rank: ($0 + 1) * count / keys.count) }
    }

    /// The last retained key whose rank is at most `rank`; nil if there is none.
    func key(atMost rank: Int) -> [UInt8]? {
        let place = place { $0.rank > rank }
        return place == 0 ? nil : kept[place - 1].key
    }

    /// The first retained key that meets the condition, by binary search.
    private func place(where isBeyond: (Kept) -> Bool) -> Int {
        var (low, high) = (0, kept.count)
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(kept[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The number of keys per unit of the key numbers with the prefix `base`; nil if too few keys have the
    /// prefix, infinite if their numbers cannot be distinguished.
    func density(_ base: ArraySlice<UInt8>, _ alphabet: KeyAlphabet) -> Double? {
        // Keys with the prefix are adjacent.
        let low = place { !$0.key.lexicographicallyPrecedes(base) }
        let high = place { !$0.key.lexicographicallyPrecedes(base) && !$0.key.starts(with: base) }
        guard high - low > 1 else { return nil }
        let (first, last) = (kept[low], kept[high - 1])
        let span =
            alphabet.number(of: last.key, base: base.count) - alphabet.number(of: first.key, base: base.count)
        return Double(last.rank - first.rank) / max(0, span)
    }
}
