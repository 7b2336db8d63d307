/// An ordered list of slots: a doubly linked list, so that each change takes constant time.
package struct SlotOrder: Sendable {
    private struct Links: Sendable {
        var before: Int?
        var after: Int?
    }

    private var links: [Links] = []
    package private(set) var first: Int?
    package private(set) var last: Int?

    package init() {}

    /// Appends a slot that is not in the list.
    package mutating func append(_ slot: Int) {
        while links.count <= slot { links.append(Links()) }
        links[slot] = Links(before: last)
        if let last { links[last].after = slot } else { first = slot }
        last = slot
    }

    /// Prepends a slot that is not in the list.
    package mutating func prepend(_ slot: Int) {
        while links.count <= slot { links.append(Links()) }
        links[slot] = Links(after: first)
        if let first { links[first].before = slot } else { last = slot }
        first = slot
    }

    /// Removes a slot that is in the list.
    package mutating func remove(_ slot: Int) {
        let (before, after) = (links[slot].before, links[slot].after)
        if let before { links[before].after = after } else { first = after }
        if let after { links[after].before = before } else { last = before }
    }
}
