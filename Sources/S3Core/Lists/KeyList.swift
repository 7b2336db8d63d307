/// A listing of the keys under a prefix, in the service's order: pages in, requests and keys out.
package protocol KeyList {
    /// The requests to make now, the most urgent first.
    ///
    /// - Parameter free: the number of idle connections.
    mutating func requests(free: Int) -> [ListRequest]

    /// Takes the result of a request that `requests` returned.
    mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>)

    /// The next keys; nil at the end, or if they have not arrived yet.
    ///
    /// - Throws: the error that ended the listing.
    mutating func next() throws(S3Error) -> [ListObjectsV2.Object]?

    /// True once all keys have been returned.
    var isAtEnd: Bool { get }

    /// Sets the monotonic time, in milliseconds.
    mutating func pass(to now: Int)

    /// Milliseconds until the next request is due; nil if none is scheduled.
    func untilDue(now: Int) -> Int?
}

extension KeyList {
    package mutating func pass(to now: Int) {}
    package func untilDue(now: Int) -> Int? { nil }
}

/// A request for a page.
package struct ListRequest {
    package let number: Int
    package let operation: ListObjectsV2
}

extension [ListObjectsV2.Object] {
    /// Whether the keys are in ascending byte order and all after `key`.
    func isInOrder(after key: [UInt8]?) -> Bool {
        var before = key
        for object in self {
            if let before, !before.precedes(object.key) { return false }
            before = object.key
        }
        return true
    }
}
