import ByteIO
package import S3Core

/// Decides which requests to send to delete objects: many keys per request, several requests at once, and
/// retries only for keys that failed. A plain state machine: keys and responses in, requests out.
///
///     confirmed, printed | confirmed, under way, waiting ... | not read
///                        |<----------- entries ------------->|
///
/// Before ETags are compared, the plan must know whether the service compares them, or an object that was
/// replaced would be deleted. It tests this with an object that is to be deleted anyway: if HEAD returns the
/// expected ETag, it sends a delete request with a wrong ETag. If the service refuses it, the service
/// compares ETags.
package struct DeletePlan {
    /// A request to send. The number identifies it in the response.
    package enum Request {
        case batch(Int, [DeleteObjects.Object])
        case one(Int, key: [UInt8], ifMatch: [UInt8]?)
        case head(Int, key: [UInt8])
    }

    /// Unknown until it is tested.
    private enum Support { case unknown, yes, no }

    private struct Entry {
        /// Relative to the location.
        let key: [UInt8]
        let object: DeleteObjects.Object
        /// How often it failed while other keys of the same request did not.
        var failures = 0
    }

    /// The purpose of a request.
    private enum Purpose {
        case batch([Int])
        case one(Int)
        /// Gets the ETag of an object that is deleted by itself or used to test batches.
        case head(Int, isForBatch: Bool)
        case tryBatch(Int)
        case tryOne(Int)
    }

    private let comparesETags: Bool
    private var batches: Support
    private var conditions: Support
    /// The objects without an outcome, by number.
    private var entries: [Int: Entry] = [:]
    /// The confirmed keys, in the order of input, with the memory of each entry.
    private var receipts = OrderedReceipts<(key: [UInt8], size: Int)>()
    private var bytes = 0
    // The numbers of waiting entries, in order.
    private var forBatches = Queue<Int>()
    private var alone = Queue<Int>()
    private var delayed: [(due: Int, number: Int)] = []
    /// Requests that follow from a response; they are sent first.
    private var ready = Queue<Request>()
    private var purposes: [Int: Purpose] = [:]
    private var nextRequest = 0
    private var isTryingBatch = false
    private var isTryingOne = false
    /// Whether a batch or a single request has succeeded.
    private var knowsService = false
    private var retry: RetryPolicy
    private var failures: [(key: [UInt8], error: S3Error)] = []
    /// Why no more requests are sent.
    package private(set) var stop: S3Error?

    /// The maximum of unconfirmed keys, and of their memory in bytes.
    private static let maximumEntries = 1 << 16
    private static let maximumBytes = 16 << 20
    private static let maximumBatches = 16
    /// An ETag that no object has.
    private static let wrongETag = [UInt8](#""00000000000000000000000000000000""#.utf8)

    /// - Parameters:
    ///   - comparesETags: whether to delete each object only if it has the given ETag.
    ///   - trustsService: whether the service is known to compare ETags.
    package init(comparesETags: Bool, trustsService: Bool, retry: RetryPolicy) {
        self.comparesETags = comparesETags
        batches = comparesETags && !trustsService ? .unknown : .yes
        conditions = batches
        self.retry = retry
    }

    // MARK: keys

    /// Whether no more keys should be added for now.
    package var isFull: Bool { receipts.count >= Self.maximumEntries || bytes >= Self.maximumBytes }
    /// Whether all added keys have an outcome and were given out.
    package var isEmpty: Bool { receipts.count == 0 }

    /// Adds an object to delete.
    ///
    /// - Parameter key: relative to the location.
    package mutating func add(key: [UInt8], object: DeleteObjects.Object) {
        let number = receipts.expect()
        let entry = Entry(key: key, object: object)
        entries[number] = entry
        bytes += Self.size(of: entry)
        line(up: number)
    }

    private static func size(of entry: Entry) -> Int {
        entry.key.count + entry.object.key.count + (entry.object.etag?.count ?? 0) + 128
    }

    private mutating func line(up number: Int) {
        if batches != .no, DeleteObjects.isCarriable(self[number].object.key) {
            forBatches.append(number)
        } else {
            alone.append(number)
        }
    }

    private subscript(number: Int) -> Entry {
        guard let entry = entries[number] else { preconditionFailure("it has an outcome") }
        return entry
    }

    /// The next confirmed key, in the order of input; nil if it is not known yet.
    ///
    /// - Parameter passingOver: whether to skip keys without an outcome, because they will not get one.
    package mutating func nextConfirmed(passingOver: Bool = false) -> [UInt8]? {
        guard let (key, size) = receipts.next(passingOver: passingOver) else { return nil }
        bytes -= size
        return key
    }

    /// Takes the failures since the last call.
    package mutating func takeFailures() -> [(key: [UInt8], error: S3Error)] {
        defer { failures.removeAll() }
        return failures
    }

    // MARK: requests

    /// The time until the next retry, in milliseconds; nil if there is none.
    package func untilDue(now: Int) -> Int? { delayed.map(\.due).min().map { max(0, $0 - now) } }

    /// The next request; nil until something changes.
    ///
    /// - Parameter isPaused: whether no more keys arrive for now, so that a partial batch is sent.
    package mutating func next(now: Int, isPaused: Bool) -> Request? {
        guard stop == nil else { return nil }
        for entry in delayed where entry.due <= now { line(up: entry.number) }
        delayed.removeAll { $0.due <= now }
        if let request = ready.popFirst() { return request }
        if batches == .unknown {
            if !isTryingBatch, let number = forBatches.popFirst() {
                isTryingBatch = true
                return head(number, isForBatch: true)
            }
        } else if let batch = nextBatch(isPaused: isPaused) {
            return batch
        }
        guard !comparesETags || conditions != .unknown || !isTryingOne, let number = alone.popFirst() else {
            return nil
        }
        guard comparesETags else { return one(number) }
        isTryingOne = conditions == .unknown
        return head(number, isForBatch: false)
    }

    private mutating func nextBatch(isPaused: Bool) -> Request? {
        guard !forBatches.isEmpty,
            forBatches.count >= DeleteObjects.maximumKeys || isPaused || isFull,
            purposes.values.reduce(0, { if case .batch = $1 { $0 + 1 } else { $0 } }) < Self.maximumBatches
        else { return nil }
        var numbers: [Int] = []
        // If a key occurred twice in a batch, the response would be ambiguous.
        var keys: Set<[UInt8]> = []
        while numbers.count < DeleteObjects.maximumKeys, let number = forBatches.first,
            keys.insert(self[number].object.key).inserted
        {
            numbers.append(number)
            _ = forBatches.popFirst()
        }
        return .batch(request(.batch(numbers)), numbers.map { self[$0].object })
    }

    private mutating func head(_ number: Int, isForBatch: Bool) -> Request {
        .head(request(.head(number, isForBatch: isForBatch)), key: self[number].object.key)
    }

    private mutating func one(_ number: Int) -> Request {
        .one(request(.one(number)), key: self[number].object.key, ifMatch: self[number].object.etag)
    }

    private mutating func request(_ purpose: Purpose) -> Int {
        nextRequest += 1
        purposes[nextRequest] = purpose
        return nextRequest
    }

    // MARK: responses

    /// Handles the response to a batch.
    package mutating func answered(
        _ request: Int, batch result: Result<DeleteObjects.Outcome, S3Error>, now: Int
    ) {
        switch (purposes.removeValue(forKey: request), result) {
        case (.batch(let numbers), .success(let outcome)):
            knowsService = true
            for number in numbers { settle(number, outcome, now: now) }
        case (.batch(let numbers), .failure(let error)):
            if refusesBatches(error) {
                if !knowsService { giveUpBatches() }
                for number in numbers { alone.append(number) }
            } else if !stops(error) {
                for number in numbers { fail(number, error) }
            }
        case (.tryBatch(let number), .success(let outcome)):
            isTryingBatch = false
            knowsService = true
            let key = self[number].object.key
            if outcome.deleted.contains(key) {
                confirm(number)
                giveUpBatches()
            } else if let error = outcome.failed[key], error.kind == .preconditionFailed {
                batches = .yes
                forBatches.prepend(number)
            } else if let error = outcome.failed[key], refusesBatches(error) {
                giveUpBatches()
                alone.append(number)
            } else {
                settle(number, outcome, now: now)
            }
        case (.tryBatch(let number), .failure(let error)):
            isTryingBatch = false
            if refusesBatches(error) {
                giveUpBatches()
                alone.append(number)
            } else if !stops(error) {
                fail(number, error)
            }
        default: break
        }
    }

    /// Handles the outcome of one key of a batch.
    private mutating func settle(_ number: Int, _ outcome: DeleteObjects.Outcome, now: Int) {
        let key = self[number].object.key
        if outcome.deleted.contains(key) { return confirm(number) }
        var error = outcome.failed[key] ?? S3Error(.damaged, "the response does not mention the key")
        if error.kind == .noSuchKey { return confirm(number) }
        entries[number]?.failures += 1
        error.attempts = self[number].failures
        switch retry.failed(error) {
        case .retry(let milliseconds): delayed.append((now + milliseconds, number))
        case .giveUp: fail(number, error)
        }
    }

    /// Deletes each object by itself from now on.
    private mutating func giveUpBatches() {
        batches = .no
        var first = Queue<Int>()
        for number in forBatches.elements + alone.elements { first.append(number) }
        alone = first
        forBatches.removeAll()
    }

    /// Whether the service does not support the request, such as one without DeleteObjects, rather than
    /// failing to execute it.
    private func refusesBatches(_ error: S3Error) -> Bool {
        switch error.kind {
        case .refused, .noSuchKey: true
        case .notS3: error.status >= 400
        default: false
        }
    }

    /// Stops the plan if every further request would fail in the same way.
    private mutating func stops(_ error: S3Error) -> Bool {
        guard error.stopsRun || error.kind == .accessDenied || error.kind == .notS3 else { return false }
        stop = stop ?? error
        return true
    }

    /// Handles the response to a single delete.
    package mutating func answered(_ request: Int, one error: S3Error?, now: Int) {
        switch purposes.removeValue(forKey: request) {
        case .one(let number):
            guard let error, error.kind != .noSuchKey else { return confirm(number) }
            if comparesETags, ignoresConditions(error) { return giveUp() }
            failAlone(number, error)
        case .tryOne(let number):
            isTryingOne = false
            guard let error else {
                confirm(number)
                return giveUp()
            }
            switch error.kind {
            case .noSuchKey: confirm(number)
            case .preconditionFailed:
                conditions = .yes
                knowsService = true
                ready.append(one(number))
            default: if ignoresConditions(error) { giveUp() } else { failAlone(number, error) }
            }
        default: break
        }
    }

    private func ignoresConditions(_ error: S3Error) -> Bool {
        error.code == "NotImplemented" || error.status == 501
    }

    private mutating func giveUp() {
        conditions = .no
        stop =
            stop
            ?? S3Error(
                .configuration,
                "the service ignores ETags when it deletes, so --if-match would also delete objects that were replaced"
            )
    }

    private mutating func failAlone(_ number: Int, _ error: S3Error) {
        if error.stopsRun || error.kind == .notS3 && !knowsService {
            stop = stop ?? error
        } else {
            fail(number, error)
        }
    }

    /// Handles the response to HEAD: the object's ETag, if it has one.
    package mutating func answered(_ request: Int, head result: Result<[UInt8]?, S3Error>) {
        guard case .head(let number, let isForBatch) = purposes.removeValue(forKey: request) else { return }
        let object = self[number].object
        var error: S3Error?
        switch result {
        case .failure(let failure): error = failure
        case .success(let etag):
            if etag.map(EntityTag.unquoted) != object.etag.map(EntityTag.unquoted) {
                error = S3Error(.preconditionFailed, "")
                error?.operation = HeadObject.name
            }
        }
        guard let error else { return go(on: number, isForBatch: isForBatch) }
        if isForBatch { isTryingBatch = false } else { isTryingOne = false }
        if error.kind == .noSuchKey { return confirm(number) }
        failAlone(number, error)
    }

    /// Continues with an object that has the expected ETag.
    private mutating func go(on number: Int, isForBatch: Bool) {
        let key = self[number].object.key
        if isForBatch {
            let wrong = DeleteObjects.Object(key: key, etag: Self.wrongETag)
            ready.append(.batch(request(.tryBatch(number)), [wrong]))
        } else if conditions == .unknown {
            ready.append(.one(request(.tryOne(number)), key: key, ifMatch: Self.wrongETag))
        } else {
            ready.append(one(number))
        }
    }

    private mutating func confirm(_ number: Int) {
        knowsService = true
        guard let entry = entries.removeValue(forKey: number) else { return }
        receipts.confirmed(number, (entry.key, Self.size(of: entry)))
    }

    private mutating func fail(_ number: Int, _ failure: S3Error) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        var error = failure
        if error.kind == .preconditionFailed { error.message = "the object has another ETag now" }
        bytes -= Self.size(of: entry)
        receipts.failed(number)
        failures.append((entry.key, error))
    }
}
