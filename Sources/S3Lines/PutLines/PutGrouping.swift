import ByteIO

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

    private let maxOpen: Int
    private let each: Bool
    private var slots: [KeyDigest: Slot] = [:]
    /// For each slot the key of its object; nil while it is free.
    private var digests: [KeyDigest?] = []
    private var free: [Slot] = []
    /// From the slot that was used least recently to the one used last.
    private var byUse = SlotOrder()
    private var completed: RememberedKeys

    /// - Parameters:
    ///   - maxOpen: the most objects that are open at once.
    ///   - each: every record is an object of its own.
    package init(maxOpen: Int = 1, each: Bool = false, completed: RememberedKeys = RememberedKeys()) {
        precondition(maxOpen > 0)
        self.maxOpen = maxOpen
        self.each = each
        self.completed = completed
    }

    /// How many objects are open.
    package var openCount: Int { slots.count }

    /// Takes the key of the next record.
    package mutating func record(_ key: KeyDigest) -> Decision {
        if let slot = slots[key] {
            if slot != byUse.last {
                byUse.remove(slot)
                byUse.append(slot)
            }
            return .append(slot)
        }
        guard !completed.contains(key) else { return .comesAgain(completing: makeRoom()) }
        if each {
            completed.insert(key)
            return .whole
        }
        let evicted = makeRoom()
        let slot = free.popLast() ?? digests.count
        if slot == digests.count { digests.append(key) } else { digests[slot] = key }
        slots[key] = slot
        byUse.append(slot)
        return .open(slot, completing: evicted)
    }

    /// Takes the key of a close record.
    package mutating func close(_ key: KeyDigest) -> Closing {
        guard let slot = slots[key] else { return completed.contains(key) ? .ignore : .neverOpened }
        complete(slot)
        return .complete(slot)
    }

    /// Completes the object that was used least recently.
    ///
    /// - Returns: its slot, if one is open.
    package mutating func closeOldest() -> Slot? {
        guard let slot = byUse.first else { return nil }
        complete(slot)
        return slot
    }

    /// Completes all that is open.
    ///
    /// - Returns: the slots, the least recently used first.
    package mutating func closeAll() -> [Slot] {
        var closed: [Slot] = []
        while let slot = closeOldest() { closed.append(slot) }
        return closed
    }

    /// Completes an object if another key needs its place.
    private mutating func makeRoom() -> Slot? { slots.count == maxOpen ? closeOldest() : nil }

    private mutating func complete(_ slot: Slot) {
        guard let digest = digests[slot].take() else { return }
        byUse.remove(slot)
        slots[digest] = nil
        free.append(slot)
        completed.insert(digest)
    }
}
