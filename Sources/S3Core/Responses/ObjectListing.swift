import ByteIO

/// Reads all pages of a listing in sequence. A state machine: pages in, operations out.
package struct ObjectListing: Sendable {
    private let prefix: [UInt8]
    private let startAfter: [UInt8]?
    private let delimiter: [UInt8]?
    private let readsDetails: Bool
    /// The continuation token of the next page; nil for the first.
    private var token: [UInt8]?
    private var isUnderWay = false
    /// True once the last page has been received.
    package private(set) var isAtEnd = false
    /// Hashes of the used tokens, to detect a service that returns the same pages in a loop.
    private var usedTokens: Set<Int> = []
    /// The first key of the listing, and the greatest so far.
    private var firstKey: [UInt8]?
    private var greatestKey: [UInt8]?
    /// Hashes of the keys of the previous page.
    private var keysBefore: [Int] = []
    private var emptyPages = 0

    /// The maximum number of remembered tokens. When it is reached, they are dropped and collected again,
    /// which still detects every shorter loop.
    private static let maximumTokens = 1 << 16
    /// The maximum number of consecutive empty pages. S3 may send some after many deletions.
    private static let maximumEmptyPages = 10_000

    /// - Parameters:
    ///   - prefix: the prefix of the keys.
    ///   - startAfter: a whole key; the listing starts after it.
    ///   - delimiter: ends a common prefix; nil lists only objects.
    ///   - readsDetails: whether to read more than key and size of each object.
    package init(
        prefix: [UInt8], startAfter: [UInt8]? = nil, delimiter: [UInt8]? = nil, readsDetails: Bool = false
    ) {
        self.delimiter = delimiter
        self.readsDetails = readsDetails
        self.prefix = prefix
        self.startAfter = startAfter
    }

    /// The operation for the next page; nil while one is in progress, and at the end.
    package mutating func next() -> ListObjectsV2? {
        guard !isUnderWay, !isAtEnd else { return nil }
        isUnderWay = true
        return ListObjectsV2(
            prefix: prefix, startAfter: token == nil ? startAfter : nil, continuationToken: token,
            delimiter: delimiter, readsDetails: readsDetails)
    }

    /// Takes the page of the operation that `next` returned.
    ///
    /// - Returns: the page without duplicates: keys that are repeated in the page or were on the previous
    ///   page, since some services start a page with the last key again.
    /// - Throws: `notS3` if the listing never ends.
    @discardableResult
    package mutating func received(_ page: ListObjectsV2.Page) throws(S3Error) -> ListObjectsV2.Page {
        isUnderWay = false
        token = page.continuationToken
        isAtEnd = token == nil
        let objects = try newObjects(of: page)
        let fresh = ListObjectsV2.Page(objects: objects, continuationToken: page.continuationToken)
        guard let token else { return fresh }
        if usedTokens.count == Self.maximumTokens { usedTokens.removeAll() }
        guard usedTokens.insert(token.hashValue).inserted else {
            throw S3Error(.notS3, "the list repeats a continuation token")
        }
        return fresh
    }

    /// Does not depend on the order of keys: some services do not list in byte order.
    private mutating func newObjects(
        of page: ListObjectsV2.Page
    ) throws(S3Error) -> [ListObjectsV2.Object] {
        guard let first = page.objects.first, let last = page.objects.last else {
            emptyPages += 1
            guard emptyPages <= Self.maximumEmptyPages else {
                throw S3Error(.notS3, "the list has \(emptyPages) pages in a row without a key")
            }
            return []
        }
        emptyPages = 0
        let hashes = page.objects.map(Self.hash)
        defer { keysBefore = hashes }
        // A page in ascending order has no duplicates.
        if isInOrder(page.objects) {
            greatestKey = last.key
            firstKey = firstKey ?? first.key
            return page.objects
        }
        var known = Set(keysBefore)
        var objects: [ListObjectsV2.Object] = []
        for (object, hash) in zip(page.objects, hashes) where known.insert(hash).inserted {
            objects.append(object)
        }
        let isCircle = objects.isEmpty && page.continuationToken != nil
        guard !isCircle, !objects.contains(where: { $0.key == firstKey }) else {
            throw S3Error(.notS3, "the list has the same keys on different pages")
        }
        firstKey = firstKey ?? first.key
        for object in objects where greatestKey?.precedes(object.key) ?? true { greatestKey = object.key }
        return objects
    }

    /// Drops what is kept to compare later pages with. No page may follow.
    mutating func forget() {
        usedTokens = []
        keysBefore = []
    }

    /// True if each key is greater than all before it, including those of earlier pages.
    private func isInOrder(_ objects: [ListObjectsV2.Object]) -> Bool {
        var last = greatestKey
        for object in objects {
            if let last, !last.precedes(object.key) { return false }
            last = object.key
        }
        return true
    }

    /// Every key of every listing is hashed, so eight bytes are read at once and mixed as in wyhash: by a
    /// folded multiplication with a secret number.
    private static func hash(_ object: ListObjectsV2.Object) -> Int {
        func fold(_ word: UInt64) -> UInt64 {
            let (high, low) = word.multipliedFullWidth(by: secret)
            return high ^ low
        }
        let key = object.key.bytes
        var hash = UInt64(key.byteCount) &* 2 &+ (object.isCommonPrefix ? 1 : 0)
        var offset = 0
        while offset + 8 <= key.byteCount {
            let word = unsafe key.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = fold(hash ^ word ^ secret)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < key.byteCount {
            rest = rest << 8 | UInt64(key[offset])
            offset += 1
        }
        return Int(truncatingIfNeeded: fold(hash ^ rest ^ secret))
    }
    private static let secret = UInt64.random(in: 1 ... .max) | 1
}
