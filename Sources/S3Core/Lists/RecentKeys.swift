import ByteIO

/// The most recent keys of a list in key order, each with the time when it was first listed.
///
///     old keys   | floor | keys that are listed again ...    | new keys
package struct RecentKeys: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let key: [UInt8]
        /// In milliseconds, by the owner's clock.
        package let time: Int

        package init(key: [UInt8], time: Int) {
            self.key = key
            self.time = time
        }
    }

    /// All entries are after this key; nil if no keys were dropped.
    package private(set) var floor: [UInt8]?
    package private(set) var entries: [Entry] = []
    private var known: Set<[UInt8]> = []

    /// - Parameter entries: in any order.
    package init(after floor: [UInt8]? = nil, _ entries: [Entry] = []) {
        self.floor = floor
        self.entries = entries.sorted { $0.key.precedes($1.key) }
        known = Set(entries.map(\.key))
    }

    package var count: Int { entries.count }
    package func contains(_ key: [UInt8]) -> Bool { known.contains(key) }

    /// Inserts a new key; most are greater than all others.
    package mutating func insert(_ key: [UInt8], time: Int) {
        known.insert(key)
        var place = entries.count
        while place > 0, key.precedes(entries[place - 1].key) { place -= 1 }
        entries.insert(Entry(key: key, time: time), at: place)
    }

    /// Keeps the last `count` keys.
    package mutating func keep(last count: Int) { dropFirst(entries.count - count) }

    /// Raises the floor to the greatest key listed before `time`.
    package mutating func forget(before time: Int) {
        guard let last = entries.lastIndex(where: { $0.time < time }) else { return }
        dropFirst(last + 1)
    }

    private mutating func dropFirst(_ count: Int) {
        guard count > 0 else { return }
        floor = entries[count - 1].key
        for entry in entries[..<count] { known.remove(entry.key) }
        entries.removeFirst(count)
    }
}
