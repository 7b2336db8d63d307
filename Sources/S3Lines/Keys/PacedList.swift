import S3Core

/// A listing that requests no more pages at once than the service and this process can handle.
struct PacedList: KeyList {
    private var list: any KeyList
    private var pace = ListPace()
    /// Whether a key was returned.
    private(set) var hasKeys = false

    init(_ list: any KeyList) { self.list = list }

    mutating func requests(free: Int) -> [ListRequest] {
        let requests = list.requests(free: min(free, pace.room))
        for request in requests { pace.requested(request.number) }
        return requests
    }

    mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        pace.received(number, result)
        list.received(number, result)
    }

    mutating func next() throws(S3Error) -> [ListObjectsV2.Object]? {
        let objects = try list.next()
        hasKeys = hasKeys || objects?.isEmpty == false
        return objects
    }

    var isAtEnd: Bool { list.isAtEnd }
    mutating func pass(to now: Int) { list.pass(to: now) }
    func untilDue(now: Int) -> Int? { list.untilDue(now: now) }
}
