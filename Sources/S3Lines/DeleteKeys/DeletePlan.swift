package import S3Core

/// Decides what is asked of the service so that objects go: many in one request, a few of those at once, and again only
/// what failed. A plain state machine: keys and answers in, requests out.
///
///     confirmed, printed | confirmed, under way, waiting ... | not read
///                        |<----------- entries ------------->|
///
/// Where ETags are compared, it has to be known first whether the service does so: else an object that was replaced
/// would go. That is tried on an object that is to be deleted anyway: one whose ETag, as HEAD tells, is the wanted one
/// is to be deleted if it had another one. A refusal says that the service compares.
package struct DeletePlan {
    /// What is to be sent. The number comes back with the answer.
    package enum Request {
        case batch(Int, [DeleteObjects.Object])
        case one(Int, key: [UInt8], ifMatch: [UInt8]?)
        case head(Int, key: [UInt8])
    }

    /// What is not known before it was tried.
    private enum Support { case unknown, yes, no }

    private enum State { case open, confirmed, failed }

    private struct Entry {
        /// Relative to the location.
        let key: [UInt8]
        let object: DeleteObjects.Object
        var state = State.open
        /// How often it failed, when others in the same request did not.
        var failures = 0
    }

    /// What a request is for.
    private enum Purpose {
        case batch([Int])
        case one(Int)
        /// The ETag of an object that is to be deleted alone, or that batches are tried on.
        case head(Int, isForBatch: Bool)
        case tryBatch(Int)
        case tryOne(Int)
    }

    private let comparesETags: Bool
    private var batches: Support
    private var conditions: Support
    /// Those before `first` were given out.
    private var entries: [Entry] = []
    private var first = 0
    /// The number of `entries[0]`.
    private var base = 0
    private var bytes = 0
    // Numbers of entries that wait, in the order in which they are asked for.
    private var forBatches: [Int] = []
    private var alone: [Int] = []
    private var delayed: [(due: Int, number: Int)] = []
    /// What follows from an answer, and goes first.
    private var ready: [(number: Int, Request)] = []
    private var purposes: [Int: Purpose] = [:]
    private var nextRequest = 0
    private var isTryingBatch = false
    private var isTryingOne = false
    /// A batch was answered well, or anything alone was.
    private var knowsService = false
    private var retry: RetryPolicy
    private var failures: [(key: [UInt8], error: S3Error)] = []
    /// Why nothing more is asked.
    package private(set) var stop: S3Error?

    /// The most keys that are known and not confirmed, and what they may take, in bytes.
    private static let maximumEntries = 1 << 16
    private static let maximumBytes = 16 << 20
    private static let maximumBatches = 16
    /// An ETag that no object has.
    private static let wrongETag = [UInt8](#""00000000000000000000000000000000""#.utf8)

    /// - Parameters:
    ///   - comparesETags: whether each object is deleted only if it has the ETag that is given with it.
    ///   - trustsService: whether the service is known to compare them.
    package init(comparesETags: Bool, trustsService: Bool, retry: RetryPolicy) {
        self.comparesETags = comparesETags
        batches = comparesETags && !trustsService ? .unknown : .yes
        conditions = batches
        self.retry = retry
    }

    // MARK: keys

    /// True if no more keys are to be added for now.
    package var isFull: Bool { entries.count - first >= Self.maximumEntries || bytes >= Self.maximumBytes }
    /// True if all that was added has an outcome, and was given out.
    package var isEmpty: Bool { first == entries.count }

    /// Adds an object that is to be deleted.
    ///
    /// - Parameter key: relative to the location.
    package mutating func add(key: [UInt8], object: DeleteObjects.Object) {
        let number = base + entries.count
        entries.append(Entry(key: key, object: object))
        bytes += Self.size(of: entries[entries.count - 1])
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
        get { entries[number - base] }
        _modify { yield &entries[number - base] }
    }

    /// The next key that was confirmed, in the order in which they were added; nil if that is not known yet.
    ///
    /// - Parameter passingOver: whether those without an outcome are left out, because there will be none.
    package mutating func nextConfirmed(passingOver: Bool = false) -> [UInt8]? {
        var confirmed: [UInt8]?
        while confirmed == nil, first < entries.count, passingOver || entries[first].state != .open {
            if entries[first].state == .confirmed { confirmed = entries[first].key }
            bytes -= Self.size(of: entries[first])
            first += 1
        }
        // Compact when half is used up: each element is moved at most once for each time one was added.
        if first == entries.count || first > 64 && 2 * first > entries.count {
            entries.removeFirst(first)
            base += first
            first = 0
        }
        return confirmed
    }

    /// What failed since this was asked last, each once.
    package mutating func takeFailures() -> [(key: [UInt8], error: S3Error)] {
        defer { failures.removeAll() }
        return failures
    }

    // MARK: requests

    /// How long it is until something is to be asked for again, in milliseconds.
    package func untilDue(now: Int) -> Int? { delayed.map(\.due).min().map { max(0, $0 - now) } }

    /// The next request; nil until something has changed.
    ///
    /// - Parameter isPaused: whether no more keys come for now, so that a batch which is not full is sent.
    package mutating func next(now: Int, isPaused: Bool) -> Request? {
        guard stop == nil else { return nil }
        for entry in delayed where entry.due <= now { line(up: entry.number) }
        delayed.removeAll { $0.due <= now }
        if !ready.isEmpty { return ready.removeFirst().1 }
        if batches == .unknown {
            if !isTryingBatch, !forBatches.isEmpty {
                isTryingBatch = true
                return head(forBatches.removeFirst(), isForBatch: true)
            }
        } else if let batch = nextBatch(isPaused: isPaused) {
            return batch
        }
        guard !alone.isEmpty else { return nil }
        guard comparesETags else { return one(alone.removeFirst()) }
        guard conditions != .unknown || !isTryingOne else { return nil }
        isTryingOne = conditions == .unknown
        return head(alone.removeFirst(), isForBatch: false)
    }

    private mutating func nextBatch(isPaused: Bool) -> Request? {
        guard !forBatches.isEmpty,
            forBatches.count >= DeleteObjects.maximumKeys || isPaused || isFull,
            purposes.values.reduce(0, { if case .batch = $1 { $0 + 1 } else { $0 } }) < Self.maximumBatches
        else { return nil }
        var numbers: [Int] = []
        // Of a key that comes twice, one answer could not say which was meant.
        var keys: Set<[UInt8]> = []
        for number in forBatches.prefix(DeleteObjects.maximumKeys) {
            guard keys.insert(self[number].object.key).inserted else { break }
            numbers.append(number)
        }
        forBatches.removeFirst(numbers.count)
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

    // MARK: answers

    /// A batch has ended.
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
                alone += numbers
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
                forBatches.insert(number, at: 0)
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

    /// What an answer says of one key of its batch.
    private mutating func settle(_ number: Int, _ outcome: DeleteObjects.Outcome, now: Int) {
        let key = self[number].object.key
        if outcome.deleted.contains(key) { return confirm(number) }
        var error = outcome.failed[key] ?? S3Error(.damaged, "the response does not mention the key")
        if error.kind == .noSuchKey { return confirm(number) }
        self[number].failures += 1
        error.attempts = self[number].failures
        switch retry.failed(error) {
        case .retry(let milliseconds): delayed.append((now + milliseconds, number))
        case .giveUp: fail(number, error)
        }
    }

    /// From here on each object is deleted alone.
    private mutating func giveUpBatches() {
        batches = .no
        alone = forBatches + alone
        forBatches.removeAll()
    }

    /// True if the service does not do what was asked, as one without DeleteObjects, rather than failing at it.
    private func refusesBatches(_ error: S3Error) -> Bool {
        switch error.kind {
        case .refused, .noSuchKey: true
        case .notS3: error.status >= 400
        default: false
        }
    }

    /// True if no other request can do better; then nothing more is asked.
    private mutating func stops(_ error: S3Error) -> Bool {
        guard error.stopsRun || error.kind == .accessDenied || error.kind == .notS3 else { return false }
        stop = stop ?? error
        return true
    }

    /// A request for one object has ended.
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
                ready.append((number, one(number)))
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
                "the service ignores ETags when it deletes: --if-match would delete what was replaced")
    }

    private mutating func failAlone(_ number: Int, _ error: S3Error) {
        if error.stopsRun || error.kind == .notS3 && !knowsService {
            stop = stop ?? error
        } else {
            fail(number, error)
        }
    }

    /// HEAD has ended, with the object's ETag if there is one.
    package mutating func answered(_ request: Int, head result: Result<[UInt8]?, S3Error>) {
        guard case .head(let number, let isForBatch) = purposes.removeValue(forKey: request) else { return }
        let object = self[number].object
        var error: S3Error?
        switch result {
        case .failure(let failure): error = failure
        case .success(let etag):
            if etag.map(Self.bare) != object.etag.map(Self.bare) {
                error = S3Error(.preconditionFailed, "")
                error?.operation = HeadObject.name
            }
        }
        guard let error else { return go(on: number, isForBatch: isForBatch) }
        if isForBatch { isTryingBatch = false } else { isTryingOne = false }
        if error.kind == .noSuchKey { return confirm(number) }
        failAlone(number, error)
    }

    /// The object has the ETag that it must have.
    private mutating func go(on number: Int, isForBatch: Bool) {
        let key = self[number].object.key
        if isForBatch {
            let wrong = DeleteObjects.Object(key: key, etag: Self.wrongETag)
            ready.append((number, .batch(request(.tryBatch(number)), [wrong])))
        } else if conditions == .unknown {
            ready.append((number, .one(request(.tryOne(number)), key: key, ifMatch: Self.wrongETag)))
        } else {
            ready.append((number, one(number)))
        }
    }

    /// Some services leave out the quotes here or there.
    private static func bare(_ etag: [UInt8]) -> [UInt8] { etag.filter { $0 != UInt8(ascii: "\"") } }

    private mutating func confirm(_ number: Int) {
        knowsService = true
        self[number].state = .confirmed
    }

    private mutating func fail(_ number: Int, _ failure: S3Error) {
        var error = failure
        if error.kind == .preconditionFailed { error.message = "the object has another ETag now" }
        self[number].state = .failed
        failures.append((self[number].key, error))
    }
}
