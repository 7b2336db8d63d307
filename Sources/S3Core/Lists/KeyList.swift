/// The keys under a prefix, in the service's order: pages in, requests and keys out.
package protocol KeyList {
    /// The requests to make now, the more urgent ones first.
    ///
    /// - Parameter free: how many connections have nothing to do.
    mutating func requests(free: Int) -> [ListRequest]

    /// What `requests` gave has ended.
    mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>)

    /// The next keys; nil if they are not known yet, or at the end.
    ///
    /// - Throws: why there will be no more.
    mutating func next() throws(S3Error) -> [ListObjectsV2.Object]?

    /// True once all keys have been given out.
    var isAtEnd: Bool { get }

    /// The monotonic time is `now`, in milliseconds.
    mutating func pass(to now: Int)

    /// How long it is until something is to be asked for, in milliseconds; nil if time alone changes nothing.
    func untilDue(now: Int) -> Int?
}

extension KeyList {
    package mutating func pass(to now: Int) {}
    package func untilDue(now: Int) -> Int? { nil }
}

/// A page that is to be asked for.
package struct ListRequest {
    package let number: Int
    package let operation: ListObjectsV2
}

extension [ListObjectsV2.Object] {
    /// Whether the keys come one after the other, by bytes, and all of them after `key`.
    func isInOrder(after key: [UInt8]?) -> Bool {
        var before = key
        for object in self {
            if let before, !before.precedes(object.key) { return false }
            before = object.key
        }
        return true
    }
}
