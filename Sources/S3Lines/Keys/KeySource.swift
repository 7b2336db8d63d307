import ByteIO
import S3Core

/// Hands out one requested object after the other, and says what has to happen for there to be more.
///
/// What is malformed, or fails, ends the keys where it stands: those before it are handed out. But the reader of a
/// list cannot mend it: a key that cannot be an object's is left out.
struct KeySource: ~Copyable {
    private let selection: KeySelection
    private let location: Location
    private let origin: KeyOrigin
    private var nextOperand = 0
    private var lineNumber = 0
    private var list: (any KeyList)?
    private var listed: [ListObjectsV2.Object] = []
    private var nextListed = 0
    /// Of those that are left, in bytes; a service may claim sizes whose sum is no `Int`.
    private var listedBytes = 0.0
    private var end: KeyArrival?

    /// The next page is asked for before data is as soon as no more than this many listed keys are left.
    private static let fewListed = 1000

    /// - Parameter memory: how much may be listed ahead of its turn, in bytes.
    init(
        _ origin: KeyOrigin, in location: Location, shard: Shard, readsURLKeys: Bool = false, memory: Int
    ) {
        self.origin = origin
        self.location = location
        selection = KeySelection(location, shard: shard, readsURLKeys: readsURLKeys)
        if case .listing(let range) = origin { list = Self.list(range, in: location, memory: memory) }
    }

    private static func list(_ range: ListedKeyRange, in location: Location, memory: Int) -> any KeyList {
        let isParallel = !location.isDirectoryBucket
        if let pattern = range.pattern {
            let following = range.following ?? Following(interval: 0, end: .firstPoll, lookback: .keys(0))
            var recent: [[UInt8]: RecentKeys] = [:]
            for (prefix, place) in range.places {
                recent[prefix] = place.recent.under(location.prefix + prefix)
            }
            return PrefixLists(
                root: location.prefix, pattern: pattern, recent: recent, interval: following.interval,
                end: following.end, lookback: following.lookback, isParallel: isParallel, maximumBytes: memory
            )
        }
        let endBefore = range.endBefore.map { location.prefix + $0 }
        let place = range.places[[]]
        guard let following = range.following else {
            return ParallelList(
                prefix: location.prefix,
                startAfter: (place?.key ?? range.startAfter).map { location.prefix + $0 },
                endBefore: endBefore, readsDetails: true, isParallel: isParallel, maximumBytes: memory)
        }
        let recent = place?.recent ?? RecentKeys(after: range.startAfter)
        return FollowList(
            prefix: location.prefix, endBefore: endBefore, recent: recent.under(location.prefix),
            interval: following.interval, end: following.end, lookback: following.lookback,
            isParallel: isParallel, maximumBytes: memory)
    }

    /// True if standard input was to give keys and has given not even a line.
    var hadNoLine: Bool { if case .input = origin { lineNumber == 0 } else { false } }

    /// How many objects follow and how many bytes they have, as far as that is known: no more is to come then.
    var rest: (count: Int, bytes: Double?)? {
        if end != nil { return (0, 0) }
        guard selection.takesAll else { return nil }
        switch origin {
        case .operands(let keys): return (keys.count - nextOperand, nextOperand == keys.count ? 0 : nil)
        case .input: return nil
        case .listing: return list?.isAtEnd == true ? (listed.count - nextListed, listedBytes) : nil
        }
    }

    /// The next requested object, if it is known.
    ///
    /// - Parameter input: what was read of standard input.
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

    /// True if standard input should be read once it can be.
    var wantsInput: Bool {
        if case .input = origin { return end == nil }
        return false
    }

    /// Standard input cannot be read any further.
    mutating func inputFailed(_ error: SystemError) { end = .end(.system(error)) }

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

    /// Time has passed: a list that is followed may go on.
    mutating func pass() { list?.pass(to: MonotonicClock.milliseconds) }

    /// How long it is until a list that is followed goes on, in milliseconds; nil if it is none, or goes on now.
    var untilDue: Int? { end == nil ? list?.untilDue(now: MonotonicClock.milliseconds) : nil }

    /// The requests that list more keys, if it is time for them.
    ///
    /// - Parameter free: how many connections have nothing to do.
    mutating func pages(free: Int) -> [ListRequest] {
        guard end == nil else { return [] }
        let isUrgent = listed.count - nextListed <= Self.fewListed
        return list?.requests(free: max(free, isUrgent ? 1 : 0)) ?? []
    }

    /// What `pages` gave has ended.
    mutating func received(_ number: Int, _ page: Result<ListObjectsV2.Page, S3Error>) {
        list?.received(number, page)
    }

    private mutating func nextListedObject() throws(StopReason) -> KeyArrival {
        while true {
            while nextListed < listed.count {
                nextListed += 1
                listedBytes -= Double(listed[nextListed - 1].size)
                guard let object = try selection.object(listed: listed[nextListed - 1]) else { continue }
                guard let problem = Location.problem(ofObjectKey: object.objectKey) else {
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
    /// The same keys, relative to what is above `prefix`, and by the monotonic clock instead of the machine's.
    fileprivate func under(_ prefix: [UInt8]) -> RecentKeys {
        let ahead = MonotonicClock.milliseconds - WallClock.milliseconds
        let entries = entries.map { Entry(key: prefix + $0.key, time: $0.time + ahead) }
        return RecentKeys(after: floor.map { prefix + $0 }, entries)
    }
}
