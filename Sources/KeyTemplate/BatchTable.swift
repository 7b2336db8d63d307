package import ByteIO

/// The limits at which a batch ends. Nil means no limit.
package struct BatchLimits: Equatable, Sendable {
    /// The most lines of a batch.
    package var lines: Int?
    /// The most bytes of a batch, newlines included; a longer line is a batch of its own.
    package var bytes: Int?
    /// The most milliseconds between a batch's first line and its end.
    package var milliseconds: Int?

    package init(lines: Int? = nil, bytes: Int? = nil, milliseconds: Int? = nil) {
        self.lines = lines
        self.bytes = bytes
        self.milliseconds = milliseconds
    }
}

/// The batches that lines can still join: one for each of the most recently used partitions. It does no I/O.
///
/// If `join` finds no batch for a line, the caller makes a key and calls `begin`. A full batch keeps its place, as
/// its object stays open in the tool that reads the records. It is the first to be removed: when its time is over,
/// when no next line is available to complete the object, or when another batch needs the place.
package struct BatchTable {
    /// Where a batch is kept.
    package typealias Slot = Int

    private struct Batch {
        var partition: [UInt8]
        /// As a record's KEY field is written.
        var keyField: [UInt8]
        var lines = 0
        var bytes = 0
        /// On the monotonic clock, in milliseconds.
        var begun: Int
    }

    private let limits: BatchLimits
    private let maximumOpen: Int
    private var batches: [Batch] = []
    private var free: [Slot] = []
    private var slots: [[UInt8]: Slot] = [:]
    /// From the batch that is removed first to the one that was used last.
    private var byUse = SlotOrder()
    private var byAge = SlotOrder()

    /// - Parameter maximumOpen: how many partitions may have an open batch, at least 1.
    package init(_ limits: BatchLimits, maximumOpen: Int) {
        self.limits = limits
        self.maximumOpen = maximumOpen
    }

    /// The key of the batch at `slot`, as a record's KEY field is written.
    package func keyField(_ slot: Slot) -> [UInt8] { batches[slot].keyField }

    /// Adds a line to the batch of its partition.
    ///
    /// - Parameter size: the line's bytes, its newline included.
    /// - Returns: nil if there is no such batch, or if the line would exceed its limits.
    package mutating func join(_ partition: borrowing ByteBuffer, size: Int) -> Slot? {
        guard let slot = slot(of: partition.bytes) else { return nil }
        guard !isFull(slot), size <= limits.bytes.map({ $0 - batches[slot].bytes }) ?? size else {
            return nil
        }
        count(size, slot)
        return slot
    }

    /// Makes a batch of one line. It replaces its partition's last batch or the least recently used one.
    ///
    /// - Returns: the batch, and the KEY field of the replaced batch if a close record must precede the new batch's
    ///   first record. With one open batch none is needed: any other key completes its object.
    package mutating func begin(
        _ partition: borrowing ByteBuffer, keyField: [UInt8], size: Int, at now: Int
    ) -> (slot: Slot, closing: [UInt8]?) {
        var closing: [UInt8]?
        if let old = slot(of: partition.bytes) ?? (slots.count == maximumOpen ? byUse.first : nil) {
            closing = remove(old)
        }
        let batch = Batch(partition: partition.bytes.array, keyField: keyField, begun: now)
        let slot = free.popLast() ?? batches.count
        if slot == batches.count { batches.append(batch) } else { batches[slot] = batch }
        slots[batch.partition] = slot
        byUse.append(slot)
        byAge.append(slot)
        count(size, slot)
        return (slot, maximumOpen > 1 ? closing : nil)
    }

    /// When the oldest batch's time is over, on the monotonic clock; nil if no batch has a time limit.
    package var deadline: Int? {
        guard let limit = limits.milliseconds, let oldest = byAge.first else { return nil }
        return batches[oldest].begun + limit
    }

    /// Takes out a batch whose time is over.
    ///
    /// - Returns: its KEY field, for a close record; nil if no batch has expired.
    package mutating func expire(at now: Int) -> [UInt8]? {
        guard let deadline, deadline <= now else { return nil }
        return byAge.first.map { remove($0) }
    }

    /// Takes out a batch that is full.
    ///
    /// - Returns: its KEY field, for a close record; nil if no batch is full.
    package mutating func endFull() -> [UInt8]? {
        guard let slot = byUse.first, isFull(slot) else { return nil }
        return remove(slot)
    }

    /// Takes out the oldest batch.
    ///
    /// - Returns: its KEY field, for a close record; nil if no batch is open.
    package mutating func end() -> [UInt8]? { byAge.first.map { remove($0) } }

    private func slot(of partition: RawSpan) -> Slot? {
        guard let latest = byUse.last else { return nil }
        return partition.equals(batches[latest].partition) ? latest : slots[partition.array]
    }

    private mutating func count(_ size: Int, _ slot: Slot) {
        batches[slot].lines += 1
        batches[slot].bytes += size
        if isFull(slot) {
            byUse.remove(slot)
            byUse.prepend(slot)
        } else if slot != byUse.last {
            byUse.remove(slot)
            byUse.append(slot)
        }
    }

    private func isFull(_ slot: Slot) -> Bool {
        let batch = batches[slot]
        return batch.lines >= limits.lines ?? .max || batch.bytes >= limits.bytes ?? .max
    }

    private mutating func remove(_ slot: Slot) -> [UInt8] {
        slots[batches[slot].partition] = nil
        byUse.remove(slot)
        byAge.remove(slot)
        free.append(slot)
        return batches[slot].keyField
    }
}
