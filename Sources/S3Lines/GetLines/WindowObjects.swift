/// Objects by number, in a window that moves forward.
struct WindowObjects {
    private var entries: [WindowObject?] = []
    /// The number of `entries[0]`.
    private var base = 0
    /// The count of free entries at the start.
    private var free = 0

    /// The bytes that all objects carry over, as of each one's last `recount`.
    private(set) var carriedBytes = 0

    var isEmpty: Bool { free == entries.count }

    subscript(number: Int) -> WindowObject? {
        get { entries.indices.contains(number - base) ? entries[number - base] : nil }
        set {
            guard number >= base else { return }
            while entries.count <= number - base { entries.append(nil) }
            carriedBytes -= entries[number - base]?.countedBytes ?? 0
            carriedBytes += newValue?.countedBytes ?? 0
            entries[number - base] = newValue
            while free < entries.count, entries[free] == nil { free += 1 }
            // Amortized: each entry is moved at most once per entry added.
            if free > 64, 2 * free > entries.count {
                entries.removeFirst(free)
                base += free
                free = 0
            }
        }
    }

    /// Counts the bytes that `object` carries over now.
    mutating func recount(_ object: WindowObject) {
        let carried = object.carriedBytes
        carriedBytes += carried - object.countedBytes
        object.countedBytes = carried
    }
}
