import ByteIO

/// A 128-bit digest that identifies a key, for sets of millions of keys.
///
/// SipHash with the random seed of the process, applied twice with different first bytes. So an attacker
/// cannot choose keys that collide, and the probability of a collision among 2^40 keys is 2^-49.
package struct KeyDigest: Hashable, Sendable {
    private let high: UInt64
    fileprivate let low: UInt64

    package init(_ key: [UInt8]) {
        high = Self.hash(key, 0)
        low = Self.hash(key, 1)
    }

    private static func hash(_ key: [UInt8], _ first: UInt8) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(first)
        unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}

/// The last `capacity` keys whose objects were completed, in at most 24 bytes each.
///
///     digests  [ 7 | 8 | 9 | 3 | 4 | 5 | 6 ]     a ring: the oldest is replaced
///     places   [ . | 2 | . | 1 | 1 | ... ]       places in the ring plus one, found by hash; 0 is free
///
/// `places` is a hash table with linear probing, at most half full.
package struct RememberedKeys {
    /// The documented minimum is 1,000,000.
    package static let defaultCapacity = 1 << 20

    private let capacity: Int
    private var digests: [KeyDigest] = []
    private var oldest = 0
    private var places: [UInt32]

    package init(capacity: Int = defaultCapacity) {
        precondition(capacity > 0 && capacity < UInt32.max)
        self.capacity = capacity
        places = Array(repeating: 0, count: 64)
    }

    /// The number of remembered keys.
    package var count: Int { digests.count }

    package func contains(_ digest: KeyDigest) -> Bool {
        var slot = home(digest)
        while places[slot] != 0 {
            if digests[Int(places[slot]) - 1] == digest { return true }
            slot = next(slot)
        }
        return false
    }

    /// Adds a key that is not in the set, and drops the oldest one if the set is full.
    package mutating func insert(_ digest: KeyDigest) {
        if digests.count < capacity {
            digests.append(digest)
            if 2 * digests.count > places.count { return grow() }
            occupy(digest, place: digests.count)
            return
        }
        remove(place: oldest + 1)
        digests[oldest] = digest
        occupy(digest, place: oldest + 1)
        oldest = (oldest + 1) % capacity
    }

    private func home(_ digest: KeyDigest) -> Int { Int(truncatingIfNeeded: digest.low) & (places.count - 1) }
    private func next(_ slot: Int) -> Int { (slot + 1) & (places.count - 1) }

    private mutating func occupy(_ digest: KeyDigest, place: Int) {
        var slot = home(digest)
        while places[slot] != 0 { slot = next(slot) }
        places[slot] = UInt32(place)
    }

    private mutating func grow() {
        places = Array(repeating: 0, count: 2 * places.count)
        for (index, digest) in digests.enumerated() { occupy(digest, place: index + 1) }
    }

    /// Frees the slot of a place and closes the gap, so that probe sequences across it still work.
    private mutating func remove(place: Int) {
        var gap = home(digests[place - 1])
        while places[gap] != UInt32(place) { gap = next(gap) }
        var slot = next(gap)
        while places[slot] != 0 {
            let home = home(digests[Int(places[slot]) - 1])
            // Movable if its home is not cyclically within (gap, slot].
            if (slot - home) & (places.count - 1) >= (slot - gap) & (places.count - 1) {
                places[gap] = places[slot]
                gap = slot
            }
            slot = next(slot)
        }
        places[gap] = 0
    }
}
