/// Which object a record belongs to. A plain state machine: keys in, decisions out.
///
/// An open object is known by its slot, a small number that is used again after the object was completed.
package struct PutGrouping {
    /// Where an open object is kept.
    package typealias Slot = Int

    /// What becomes of a record.
    package enum Decision: Equatable, Sendable {
        /// It belongs to the open object in this slot.
        case append(Slot)
        /// It begins an object in this slot, after the one in `completing` was completed; they may be equal.
        case open(Slot, completing: Slot?)
        /// It is an object of its own.
        case whole
        /// Its key's object was completed in this run: storing it would overwrite that one. A record of
        /// another key it is all the same to the one in `completing`, which is whole.
        case comesAgain(completing: Slot?)
    }

    /// What becomes of a close record.
    package enum Closing: Equatable, Sendable {
        case complete(Slot)
        /// Its object was completed before.
        case ignore
        /// There was no such key.
        case neverOpened
    }

    private struct Entry {
        let digest: KeyDigest
        /// When it was last used.
        var use: Int
    }

    private let maxOpen: Int
    private let each: Bool
    private var slots: [KeyDigest: Slot] = [:]
    private var entries: [Entry?] = []
    private var uses = 0
    private var completed: PutCompletedKeys

    /// - Parameters:
    ///   - maxOpen: the most objects that are open at once.
    ///   - each: every record is an object of its own.
    package init(maxOpen: Int = 1, each: Bool = false, completed: PutCompletedKeys = PutCompletedKeys()) {
        precondition(maxOpen > 0)
        self.maxOpen = maxOpen
        self.each = each
        self.completed = completed
    }

    /// Takes the key of the next record.
    package mutating func record(_ key: KeyDigest) -> Decision {
        uses += 1
        if let slot = slots[key] {
            entries[slot]?.use = uses
            return .append(slot)
        }
        guard !completed.contains(key) else { return .comesAgain(completing: makeRoom()) }
        if each {
            completed.insert(key)
            return .whole
        }
        let evicted = makeRoom()
        let slot = evicted ?? freeSlot()
        slots[key] = slot
        entries[slot] = Entry(digest: key, use: uses)
        return .open(slot, completing: evicted)
    }

    /// Takes the key of a close record.
    package mutating func close(_ key: KeyDigest) -> Closing {
        guard let slot = slots[key] else { return completed.contains(key) ? .ignore : .neverOpened }
        complete(slot)
        return .complete(slot)
    }

    /// Completes all that is open.
    ///
    /// - Returns: the slots, the least recently used first.
    package mutating func closeAll() -> [Slot] {
        let open = slots.values.sorted { (entries[$0]?.use ?? 0) < (entries[$1]?.use ?? 0) }
        for slot in open { complete(slot) }
        return open
    }

    /// Completes an object if another key needs its place.
    private mutating func makeRoom() -> Slot? {
        guard slots.count == maxOpen, let slot = leastRecentlyUsed else { return nil }
        complete(slot)
        return slot
    }

    private mutating func complete(_ slot: Slot) {
        guard let entry = entries[slot] else { return }
        slots[entry.digest] = nil
        entries[slot] = nil
        completed.insert(entry.digest)
    }

    /// A look at each: it is done once an object, and there are tens or hundreds, not millions.
    private var leastRecentlyUsed: Slot? {
        entries.indices.min { (entries[$0]?.use ?? .max) < (entries[$1]?.use ?? .max) }
    }

    private mutating func freeSlot() -> Slot {
        // Slots below `maxOpen` are handed out in turn; those of closed objects come first.
        if entries.count == slots.count {
            entries.append(nil)
            return entries.count - 1
        }
        return entries.firstIndex { $0 == nil } ?? 0
    }
}
