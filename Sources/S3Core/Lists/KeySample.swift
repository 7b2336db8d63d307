import ByteIO

/// Some keys that follow each other in a list, and how many there are up to each: a page, or several that meet.
///
///     after | first ... kept ... kept ... last | what comes next is not known | after of the next sample
///           |<------------ count ------------->|<---------- a gap ----------->|
struct KeySample {
    /// A key, and how many of the sample's keys come up to it.
    struct Kept {
        let key: [UInt8]
        let rank: Int
    }

    /// It begins after this key; nil at the beginning of the list.
    let after: [UInt8]?
    /// How many keys it has.
    private(set) var count = 0
    /// Its first key and its last one among them.
    private(set) var kept: [Kept] = []
    /// True if nothing lies between it and the next one, or the end of the list.
    var isClosed = false
    /// Nothing lies between here and the next one.
    var emptyAfter: [UInt8]?

    init(after: [UInt8]?) { self.after = after }

    var last: [UInt8]? { kept.last?.key }

    /// Adds keys that come next.
    mutating func append(_ objects: some Sequence<ListObjectsV2.Object>) {
        for object in objects {
            count += 1
            kept.append(Kept(key: object.key, rank: count))
        }
    }

    /// Keeps every other key, and both ends.
    mutating func thinOut() {
        guard kept.count > 2 else { return }
        let end = kept.count - 1
        kept = kept.enumerated().filter { $0.offset.isMultiple(of: 2) || $0.offset == end }.map(\.element)
    }

    /// The same keys in the order of their bytes, each for as many as there are between two that were kept.
    mutating func sort() {
        let keys = kept.map(\.key).sorted { $0.precedes($1) }
        kept = keys.enumerated().map { Kept(key: $1, rank: ($0 + 1) * count / keys.count) }
    }

    /// The last kept key that at most `rank` keys come up to; nil if that is none.
    func key(atMost rank: Int) -> [UInt8]? {
        let place = place { $0.rank > rank }
        return place == 0 ? nil : kept[place - 1].key
    }

    /// The first of those that are beyond something.
    private func place(where isBeyond: (Kept) -> Bool) -> Int {
        var (low, high) = (0, kept.count)
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(kept[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How many keys there are to one unit of the numbers that keys with the beginning `base` have; nil if too few have
    /// it, infinite if their numbers cannot be told apart.
    func density(_ base: ArraySlice<UInt8>, _ alphabet: KeyAlphabet) -> Double? {
        // Those that have it stand together.
        let low = place { !$0.key.lexicographicallyPrecedes(base) }
        let high = place { !$0.key.lexicographicallyPrecedes(base) && !$0.key.starts(with: base) }
        guard high - low > 1 else { return nil }
        let (first, last) = (kept[low], kept[high - 1])
        let span =
            alphabet.number(of: last.key, base: base.count) - alphabet.number(of: first.key, base: base.count)
        return Double(last.rank - first.rank) / max(0, span)
    }
}
