/// Decides what to fetch next, so that memory is bounded and the head, the first unfinished object, always
/// makes progress. A plain state machine that knows sizes but no bytes.
///
///     written | head of the line ... fetched ahead ... | not begun
///             |<-------------- the window ----------->|
///
/// The first request asks for the whole object; the head of the response contains its size. If the object is
/// large, that request ends after the first chunk, and the rest is fetched as ranges of the same version. An
/// object after the head is requested, or continued after the response head, only if there is room for all
/// the bytes of the request. So the request ends without waiting for other objects, and no connection is held
/// by an object that waits for its turn. The head needs no room: one chunk is reserved for it.
package struct FetchWindow: Sendable {
    /// One request.
    package struct Fetch: Equatable, Sendable {
        /// The object's number, from 0.
        package let object: Int
        /// The index of the chunk, from 0.
        package let chunk: Int
        /// The chunk's bytes; nil for the first request of an object, whose size is not certain yet.
        package let range: Range<Int>?
    }

    /// What to do with the response to an object's first request.
    package enum Verdict: Equatable, Sendable {
        /// Receive all of it.
        case whole
        /// The size is unknown: receive all of it if it is no longer than this.
        case bounded(Int)
        /// It is longer than the memory allows: receive all of it, as fast as it is written.
        case stream
        /// Receive this many bytes; the rest is fetched in ranges.
        case chunk(Int)
        /// Cancel it: there is no room. It will be requested again.
        case refuse
    }

    private struct Object {
        /// The size in bytes, from a listing or a response; nil if unknown.
        var size: Int?
        /// The room needed before it is requested again, after it was refused.
        var need: Int?
        /// Its size is unbounded, so it is requested only when it leads.
        var waitsToLead = false
        /// The number of chunks; nil before the response.
        var chunks: Int?
        /// The number of chunks requested so far.
        var begun = 0
        /// The bytes reserved for it.
        var reserved = 0
        /// Whether all its bytes were given out or it failed; a trace stays until the objects before it are
        /// finished.
        var isFinished = false
        /// Whether some of its bytes were given out, so that it cannot restart.
        var isBeingWritten = false
    }

    /// The memory of an object in the window besides its bytes: its key, the request, bookkeeping; in bytes.
    package static let overhead = 2048
    /// The memory of a finished object while an earlier one is not finished, in bytes.
    package static let trace = 128

    private let memory: Int
    private let chunkSize: Int
    private let threshold: Int
    private let lanes: Int
    private var objects: [Object] = []
    /// The number of `objects[0]`.
    private var base = 0
    /// The number of the first unfinished object.
    private var first = 0
    /// Objects with requests still to be started, in order.
    private var unbegun: [Int] = []
    private var reserved = 0
    /// Bytes that have left the window but are still in memory: carried over or waiting to be written.
    package var outside = 0
    /// An object that must be written before any other although it is not the head, because part of a line of
    /// it was written. It then takes the place of the head.
    package var leader: Int?
    /// The expected bytes of an object of unknown size: an average of the objects so far.
    private var expected: Int

    /// - Parameters:
    ///   - memory: the maximum of bytes in flight.
    ///   - chunkSize: the size of ranges in bytes; less than half of `memory`.
    ///   - threshold: the size from which on an object is fetched in ranges.
    ///   - lanes: how many of these objects are fetched in parallel. With one, the first object may use all
    ///     memory until its last range is requested.
    package init(memory: Int, chunkSize: Int, threshold: Int, lanes: Int = 1) {
        self.lanes = lanes
        self.memory = memory
        self.chunkSize = chunkSize
        expected = min(64 << 10, chunkSize)
        self.threshold = threshold
    }

    /// The number of the first unfinished object, or of the next one to be added.
    package var head: Int { first }
    /// The number of objects in the window.
    package var count: Int { base + objects.count - first }
    /// The bytes reserved for all objects in the window.
    package var reservedBytes: Int { reserved }

    // MARK: next request

    /// Whether another object should be added: no object in the window has priority, and there is room.
    package var wantsObject: Bool {
        unbegun.count < lanes && unbegun.allSatisfy(hasItsShare) && hasRoom(count == 0 ? 0 : expected)
    }

    /// Whether `number` is one of several objects fetched in parallel and has its share of the memory.
    private func hasItsShare(_ number: Int) -> Bool {
        guard lanes > 1, self[number].chunks != nil else { return false }
        return self[number].reserved + chunkSize > max(2 * chunkSize, memory / (lanes + 1)) + Self.overhead
    }

    /// Adds an object at the end.
    ///
    /// - Returns: its number.
    package mutating func add(size: Int?) -> Int {
        let number = base + objects.count
        objects.append(Object(size: size))
        reserve(Self.overhead, for: number)
        unbegun.append(number)
        return number
    }

    /// The next request to start; nil until something changes.
    package mutating func next() -> Fetch? {
        let lead = leader ?? first
        if lead < base + objects.count, self[lead].waitsToLead { return nextFirst(lead, self[lead]) }
        guard
            let number = leader.flatMap({ unbegun.contains($0) ? $0 : nil })
                ?? unbegun.first(where: { !hasItsShare($0) })
        else { return nil }
        let object = self[number]
        return object.chunks == nil ? nextFirst(number, object) : nextRange(number, object)
    }

    private mutating func nextFirst(_ number: Int, _ object: Object) -> Fetch? {
        let need = object.need ?? object.size.map { min($0, chunkSize) } ?? expected
        guard leads(number) || hasRoom(need) else { return nil }
        removeUnbegun(number)
        reserve(leads(number) ? min(need, chunkSize) : need, for: number)
        self[number].begun = 1
        self[number].waitsToLead = false
        return Fetch(object: number, chunk: 0, range: nil)
    }

    private mutating func nextRange(_ number: Int, _ object: Object) -> Fetch? {
        guard let chunks = object.chunks, let size = object.size else { return nil }
        let start = object.begun * chunkSize
        let range = start..<start + min(chunkSize, size - start)
        // Without any bytes reserved the leading object could never continue.
        let isStarved = leads(number) && object.reserved <= Self.overhead
        guard isStarved || hasRoom(range.count) else { return nil }
        reserve(range.count, for: number)
        self[number].begun += 1
        if object.begun + 1 == chunks { removeUnbegun(number) }
        return Fetch(object: number, chunk: object.begun, range: range)
    }

    private mutating func removeUnbegun(_ number: Int) {
        if let place = unbegun.firstIndex(of: number) { unbegun.remove(at: place) }
    }

    private func leads(_ number: Int) -> Bool { number == leader ?? first }

    /// Whether `bytes` more bytes fit into the memory.
    package func canHold(_ bytes: Int) -> Bool { reserved + outside + bytes <= memory }

    private func hasRoom(_ bytes: Int) -> Bool { bytes <= memory - chunkSize - reserved - outside }

    // MARK: events

    /// Handles the head of the response to the first request of `number`.
    ///
    /// - Parameters:
    ///   - size: the size in bytes, if the response contains it.
    ///   - isPinned: whether further requests can be tied to the same version.
    package mutating func answered(_ number: Int, size: Int?, isPinned: Bool) -> Verdict {
        release(self[number].reserved - Self.overhead, of: number)
        guard let size else {
            // Only the leading object may be of unbounded size: there is never room for it.
            if leads(number) { return begin(number, keeping: chunkSize, .stream) }
            let room = self[number].size ?? chunkSize
            guard room <= chunkSize else {
                waitToLead(number)
                return .refuse
            }
            guard hasRoom(room) else { return refuse(number, until: room) }
            return begin(number, keeping: room, .bounded(room))
        }
        self[number].size = size
        expected = (7 * expected + min(size, chunkSize)) / 8
        if size > chunkSize, size >= threshold, isPinned {
            guard leads(number) || hasRoom(chunkSize) else { return refuse(number, until: chunkSize) }
            self[number].chunks = (size - 1) / chunkSize + 1
            reserve(chunkSize, for: number)
            insertUnbegun(number)
            return .chunk(chunkSize)
        }
        if hasRoom(size) || leads(number) && size <= chunkSize { return begin(number, keeping: size, .whole) }
        return leads(number) ? begin(number, keeping: chunkSize, .stream) : refuse(number, until: size)
    }

    private mutating func begin(_ number: Int, keeping bytes: Int, _ verdict: Verdict) -> Verdict {
        self[number].chunks = 1
        reserve(bytes, for: number)
        return verdict
    }

    private mutating func refuse(_ number: Int, until room: Int) -> Verdict {
        self[number].need = room
        restart(number)
        return .refuse
    }

    /// Handles an object of unknown size that is longer than the limit before its turn.
    ///
    /// - Returns: true if it continues as fast as it is written; false if it is requested again when it
    ///   leads.
    package mutating func outgrew(_ number: Int) -> Bool {
        let kept = self[number].reserved - Self.overhead
        if leads(number) || self[number].isBeingWritten {
            reserve(max(0, chunkSize - kept), for: number)
            return true
        }
        waitToLead(number)
        return false
    }

    private mutating func waitToLead(_ number: Int) {
        restart(number)
        removeUnbegun(number)
        self[number].waitsToLead = true
    }

    /// Records that all of `number`, whose size was unknown, is here; `left` bytes of it were not given out.
    package mutating func knows(_ number: Int, left: Int) {
        release(max(0, self[number].reserved - Self.overhead - left), of: number)
    }

    /// Requests `number` again from its start. Its bytes are dropped; none of them were given out.
    package mutating func restart(_ number: Int) {
        self[number].chunks = nil
        self[number].begun = 0
        self[number].isBeingWritten = false
        release(self[number].reserved - Self.overhead, of: number)
        insertUnbegun(number)
    }

    private mutating func insertUnbegun(_ number: Int) {
        let place = unbegun.firstIndex { $0 >= number } ?? unbegun.count
        if place == unbegun.count || unbegun[place] != number { unbegun.insert(number, at: place) }
    }

    /// Records that `bytes` bytes of `number` were given out.
    package mutating func gaveOut(_ bytes: Int, of number: Int) {
        if bytes > 0 { self[number].isBeingWritten = true }
        release(min(bytes, self[number].reserved - Self.overhead), of: number)
    }

    /// Records that the rest of `number` is not needed and none of its bytes are kept.
    package mutating func hasEnough(_ number: Int) {
        removeUnbegun(number)
        release(self[number].reserved - Self.overhead, of: number)
    }

    /// Removes `number`: all of it was given out, or it failed.
    package mutating func finished(_ number: Int) {
        self[number].isFinished = true
        release(self[number].reserved - Self.trace, of: number)
        removeUnbegun(number)
        while first - base < objects.count, self[first].isFinished {
            release(self[first].reserved, of: first)
            first += 1
        }
        // Compacts when half is unused, so each element is moved at most once per element added.
        if first - base > 64, 2 * (first - base) > objects.count {
            objects.removeFirst(first - base)
            base = first
        }
    }

    /// An object to drop and request again later, because carried-over bytes take its room; nil if everything
    /// fits or no object can be dropped.
    package func overcommitted() -> Int? {
        guard reserved + outside > memory, count > 1 else { return nil }
        return (first + 1..<base + objects.count).last {
            self[$0].reserved > Self.overhead && !self[$0].isBeingWritten && $0 != leader
        }
    }

    private subscript(number: Int) -> Object {
        get { objects[number - base] }
        _modify { yield &objects[number - base] }
    }

    private mutating func reserve(_ bytes: Int, for number: Int) {
        self[number].reserved += bytes
        reserved += bytes
    }

    private mutating func release(_ bytes: Int, of number: Int) {
        self[number].reserved -= bytes
        reserved -= bytes
    }
}
