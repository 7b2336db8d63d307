import ByteIO
import S3Core

/// Returns the objects to fetch one by one, and reports what it waits for.
///
/// An error ends the keys where it occurs; the keys before it are still returned. But if a listing has a key
/// that no object can be addressed by, the user cannot correct it, so that key is skipped.
struct KeySource: ~Copyable {
    private let selection: KeySelection
    private let location: Location
    private let origin: KeyOrigin
    private var nextOperand = 0
    private var lineNumber = 0
    private var list: PacedList?
    // Stored separately: reading `list` or `end` would copy them.
    private let isListing: Bool
    private var hasEnded = false
    private var listed: [ListObjectsV2.Object] = []
    private var nextListed = 0
    /// The total size of the listed objects that are left, in bytes; the sum of the sizes that a service
    /// claims may exceed `Int`.
    private var listedBytes = 0.0
    private var end: KeyArrival?

    /// If at most this many listed keys are left, the next page has priority over data.
    private static let fewListed = 1000

    /// - Parameter memory: the maximum memory for keys listed ahead, in bytes.
    init(
        _ origin: KeyOrigin, in location: Location, shard: Shard, readsURLKeys: Bool = false, memory: Int
    ) {
        self.origin = origin
        self.location = location
        selection = KeySelection(location, shard: shard, readsURLKeys: readsURLKeys)
        if case .listing(let range) = origin {
            list = PacedList(Self.list(range, in: location, memory: memory))
            isListing = true
        } else {
            isListing = false
        }
    }

    private static func list(_ range: ListedKeyRange, in location: Location, memory: Int) -> any KeyList {
        let isParallel = !location.isDirectoryBucket
        var following = range.following ?? Following(interval: 0, end: .firstPoll, lookback: .keys(0))
        following.isParallel = isParallel
        following.maximumBytes = memory
        if let pattern = range.pattern {
            var recent: [[UInt8]: RecentKeys] = [:]
            for (prefix, place) in range.places {
                recent[prefix] = place.recent.under(location.prefix + prefix)
            }
            return PrefixLists(root: location.prefix, pattern: pattern, recent: recent, following)
        }
        let endBefore = range.endBefore.map { location.prefix + $0 }
        let place = range.places[[]]
        guard range.following != nil else {
            return ParallelList(
                prefix: location.prefix,
                startAfter: (place?.key ?? range.startAfter).map { location.prefix + $0 },
                endBefore: endBefore, readsDetails: true, isParallel: isParallel, maximumBytes: memory)
        }
        let recent = place?.recent ?? RecentKeys(after: range.startAfter)
        return FollowList(
            prefix: location.prefix, endBefore: endBefore, recent: recent.under(location.prefix), following)
    }

    /// Whether the keys come from standard input and it had no line.
    var hadNoLine: Bool { if case .input = origin { lineNumber == 0 } else { false } }

    /// Whether all keys of the location were listed and there were none.
    var hasEmptyList: Bool {
        guard list?.hasKeys == false, case .listing(let range) = origin else { return false }
        return range.startAfter == nil && range.endBefore == nil && range.pattern == nil
            && range.places.isEmpty
    }

    /// The number and total size of the remaining objects, if known.
    var rest: (count: Int, bytes: Double?)? {
        if hasEnded { return (0, 0) }
        guard selection.takesAll else { return nil }
        switch origin {
        case .operands(let keys): return (keys.count - nextOperand, nextOperand == keys.count ? 0 : nil)
        case .input: return nil
        case .listing: return list?.isAtEnd == true ? (listed.count - nextListed, listedBytes) : nil
        }
    }

    /// The next object, if available.
    ///
    /// - Parameter input: the unread standard input.
    mutating func next(_ input: inout LineReader) -> KeyArrival {
        if let end { return end }
        do throws(StopReason) {
            switch origin {
            case .operands(let keys): return try nextOperand(of: keys)
            case .input: return try nextLine(&input)
            case .listing: return try nextListedObject()
            }
        } catch {
            return finish(error)
        }
    }

    private mutating func finish(_ reason: StopReason? = nil) -> KeyArrival {
        end = .end(reason)
        hasEnded = true
        return .end(reason)
    }

    private mutating func nextOperand(of keys: [[UInt8]]) throws(StopReason) -> KeyArrival {
        while nextOperand < keys.count {
            let field = keys[nextOperand]
            nextOperand += 1
            let name = "KEY '\(Diagnostics.printable(field))'"
            if let object = try selection.object(field: field.bytes, place: name) { return .object(object) }
        }
        return finish()
    }

    // MARK: standard input

    /// Whether standard input should be read when it is ready.
    var wantsInput: Bool {
        if case .input = origin { return !hasEnded }
        return false
    }

    /// Records that standard input cannot be read any further.
    mutating func inputFailed(_ error: SystemError) { _ = finish(.system(error)) }

    private mutating func nextLine(_ input: inout LineReader) throws(StopReason) -> KeyArrival {
        while let line = input.nextLine(atMost: selection.longestField + 1) {
            lineNumber += 1
            let number = lineNumber
            if let object = try selection.object(line: line, place: "standard input: line \(number)") {
                return .object(object)
            }
        }
        return input.isAtEnd ? finish() : .later
    }

    // MARK: the list

    /// Updates the time: a followed listing may continue.
    mutating func pass() {
        if isListing { list?.pass(to: MonotonicClock.milliseconds) }
    }

    /// The time until a followed listing continues, in milliseconds; nil if nothing is scheduled.
    var untilDue: Int? {
        isListing && !hasEnded ? list?.untilDue(now: MonotonicClock.milliseconds) : nil
    }

    /// The requests for more keys, if they are due.
    ///
    /// - Parameter free: the number of idle connections.
    mutating func pages(free: Int) -> [ListRequest] {
        guard isListing, !hasEnded else { return [] }
        let isUrgent = listed.count - nextListed <= Self.fewListed
        return list?.requests(free: max(free, isUrgent ? 1 : 0)) ?? []
    }

    /// Handles the response to a request of `pages`.
    mutating func received(_ number: Int, _ page: Result<ListObjectsV2.Page, S3Error>) {
        list?.received(number, page)
    }

    private mutating func nextListedObject() throws(StopReason) -> KeyArrival {
        while true {
            while nextListed < listed.count {
                nextListed += 1
                listedBytes -= Double(listed[nextListed - 1].size)
                guard let object = try selection.object(listed: listed[nextListed - 1]) else { continue }
                guard let problem = ObjectKey.problem(of: object.objectKey.bytes) else {
                    return .object(object)
                }
                return .malformed("\(location): \(problem.description(of: object.key))")
            }
            nextListed = 0
            do throws(S3Error) { listed = try list?.next() ?? [] } catch {
                throw .service(error, context: location.description)
            }
            listedBytes = listed.reduce(0) { $0 + Double($1.size) }
            if listed.isEmpty { return list?.isAtEnd ?? true ? finish() : .later }
        }
    }
}

extension RecentKeys {
    /// The same keys with `prefix` before each, and with monotonic times instead of wall-clock times.
    fileprivate func under(_ prefix: [UInt8]) -> RecentKeys {
        let ahead = MonotonicClock.milliseconds - WallClock.milliseconds
        let entries = entries.map { Entry(key: prefix + $0.key, time: $0.time + ahead) }
        return RecentKeys(after: floor.map { prefix + $0 }, entries)
    }
}
