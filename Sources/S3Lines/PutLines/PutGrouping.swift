import ByteIO

/// Decides which object a record belongs to. A plain state machine: keys in, decisions out.
///
/// An open object is identified by its slot, a small number that is reused after the object is complete.
package struct PutGrouping {
    /// The index of an open object.
    package typealias Slot = Int

    /// What to do with a record.
    package enum Decision: Equatable, Sendable {
        /// Append it to the open object in this slot.
        case append(Slot)
        /// Start an object in this slot, after completing the one in `completing`; both may be the same slot.
        case open(Slot, completing: Slot?)
        /// It is an object of its own.
        case whole
        /// Refuse it: the object of its key was completed in this run, and storing it would overwrite that
        /// object. Like any record of another key, it completes the open object in `completing`.
        case comesAgain(completing: Slot?)
    }

    /// What to do with a close record.
    package enum Closing: Equatable, Sendable {
        case complete(Slot)
        /// Nothing: the object was completed before.
        case ignore
        /// Refuse it: no record had this key.
        case neverOpened
    }

    private let maxOpen: Int
    private let each: Bool
    private var slots: [KeyDigest: Slot] = [:]
    /// The key of each slot's object; nil if the slot is free.
    private var digests: [KeyDigest?] = []
    private var free: [Slot] = []
    /// The slots in use, least recently used first.
    private var byUse = SlotOrder()
    private var completed: RememberedKeys

    /// - Parameters:
    ///   - maxOpen: the maximum number of open objects.
    ///   - each: makes every record an object of its own.
    package init(maxOpen: Int = 1, each: Bool = false, completed: RememberedKeys = RememberedKeys()) {
        precondition(maxOpen > 0)
        self.maxOpen = maxOpen
        self.each = each
        self.completed = completed
    }

    /// The number of open objects.
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

    /// Completes the least recently used object.
    ///
    /// - Returns: its slot, or nil if none is open.
    package mutating func closeOldest() -> Slot? {
        guard let slot = byUse.first else { return nil }
        complete(slot)
        return slot
    }

    /// Completes all open objects.
    ///
    /// - Returns: their slots, least recently used first.
    package mutating func closeAll() -> [Slot] {
        var closed: [Slot] = []
        while let slot = closeOldest() { closed.append(slot) }
        return closed
    }

    /// Completes the least recently used object if all slots are taken.
    private mutating func makeRoom() -> Slot? { slots.count == maxOpen ? closeOldest() : nil }

    private mutating func complete(_ slot: Slot) {
        guard let digest = digests[slot].take() else { return }
        byUse.remove(slot)
        slots[digest] = nil
        free.append(slot)
        completed.insert(digest)
    }
}
