/// Lists the keys under a prefix up to a delimiter, as a file system lists one directory: common prefixes and
/// objects. Pages are read in sequence, because such listings are short, and a guessed key inside a common
/// prefix would return that prefix again.
package struct FolderList: KeyList {
    private let startAfter: [UInt8]?
    private let endBefore: [UInt8]?
    private var listing: ObjectListing
    private var nextNumber = 0
    /// The prefetched page, if it has entries; at most one.
    private var held: [ListObjectsV2.Object]?
    private var failure: S3Error?
    /// The last common prefix; some services repeat it on the next page.
    private var lastPrefix: [UInt8]?
    private var lastKey: [UInt8]?
    /// False once the service has shown that it does not list in byte order.
    private var isInOrder = true
    private var isOver = false

    /// - Parameters:
    ///   - delimiter: ends a common prefix; not empty.
    ///   - startAfter: a whole key; lists keys after it, and common prefixes of keys after it, except itself.
    ///   - endBefore: a whole key; the listing ends before it.
    package init(
        prefix: [UInt8], delimiter: [UInt8], startAfter: [UInt8]? = nil, endBefore: [UInt8]? = nil,
        readsDetails: Bool = false
    ) {
        self.startAfter = startAfter
        self.endBefore = endBefore
        listing = ObjectListing(
            prefix: prefix, startAfter: startAfter, delimiter: delimiter, readsDetails: readsDetails)
    }

    package var isAtEnd: Bool { isOver && held == nil }

    package mutating func requests(free: Int) -> [ListRequest] {
        guard free > 0, failure == nil, !isOver, held == nil, let operation = listing.next() else {
            return []
        }
        nextNumber += 1
        return [ListRequest(number: nextNumber, operation: operation)]
    }

    package mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        do throws(S3Error) {
            let page = try result.get()
            var entries = page.objects.filter { !$0.isCommonPrefix || $0.key != lastPrefix }
            entries = try listing.received(
                ListObjectsV2.Page(objects: entries, continuationToken: page.continuationToken)
            ).objects
            lastPrefix = entries.last(where: \.isCommonPrefix)?.key ?? lastPrefix
            isInOrder = isInOrder && entries.isInOrder(after: lastKey)
            lastKey = entries.last?.key ?? lastKey
            isOver = listing.isAtEnd
            entries.removeAll { !isAfterStart($0) }
            if let endBefore {
                let count = entries.count
                entries.removeAll { !$0.key.lexicographicallyPrecedes(endBefore) }
                // Out of order, keys before the end may still follow.
                if isInOrder, entries.count < count { isOver = true }
            }
            if !entries.isEmpty { held = entries }
        } catch { failure = error }
    }

    /// Some services ignore `start-after`.
    private func isAfterStart(_ entry: ListObjectsV2.Object) -> Bool {
        guard let startAfter, !startAfter.lexicographicallyPrecedes(entry.key) else { return true }
        return entry.isCommonPrefix && startAfter.starts(with: entry.key) && startAfter != entry.key
    }

    package mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        if let page = held.take() { return page }
        if let failure { throw failure }
        return nil
    }
}
