/// Decides what is fetched when, so that memory is bounded and the object at the head of the line goes on.
/// A plain state machine: it knows sizes and no bytes.
///
///     written | head of the line ... fetched ahead ... | not begun
///             |<-------------- the window ----------->|
///
/// An object is first asked for as a whole; the answer's head tells its size. If it is long, that request
/// ends after the first chunk, and the others follow as ranges of the same version. What is fetched ahead
/// of its turn is begun, or goes on after the answer's head, only if there is room for all that it brings:
/// so it ends without waiting for anybody, and no connection is ever held by what waits for the head of the
/// line. The head itself needs no room; one chunk is kept free for it.
package struct FetchWindow: Sendable {
    /// One request.
    package struct Fetch: Equatable, Sendable {
        /// The object's number in line, from 0.
        package let object: Int
        /// Which chunk of it, from 0.
        package let chunk: Int
        /// The chunk's bytes; nil for the first request of an object, whose size is not yet known for sure.
        package let range: Range<Int>?
    }

    /// What is to be done with the answer to an object's first request.
    package enum Verdict: Equatable, Sendable {
        /// Take all of it.
        case whole
        /// Take all of it if it is no longer than this; its size is not known.
        case bounded(Int)
        /// Take all of it, as fast as it is written: it is longer than what may be kept.
        case stream
        /// Take this many bytes; the rest comes in ranges.
        case chunk(Int)
        /// There is no room; it will be asked for again.
        case refuse
    }

    private struct Object {
        /// In bytes: what a list or the answer told; nil if neither did.
        var size: Int?
        /// How much room there has to be before it is asked for again, once there was too little.
        var need: Int?
        /// It may be of any length, and is asked for only when it leads.
        var waitsToLead = false
        /// How many chunks there are; nil before the answer.
        var chunks: Int?
        /// How many chunks have been asked for.
        var begun = 0
        /// Bytes that are kept for it.
        var reserved = 0
        /// The object leaves the window only once these were given out.
        var isFinished = false
        /// Its bytes have been given out in part, so it cannot start again.
        var isBeingWritten = false
    }

    /// What an object in the window takes beside its bytes: its key, the request, bookkeeping.
    package static let overhead = 2048
    /// What is left of an object that is finished while another one before it is not.
    package static let trace = 128

    private let memory: Int
    private let chunkSize: Int
    private let threshold: Int
    private let lanes: Int
    private var objects: [Object] = []
    /// The number of `objects[0]`.
    private var base = 0
    /// The number of the first object that is not finished.
    private var first = 0
    /// Objects of which something has not been begun, in order.
    private var unbegun: [Int] = []
    private var reserved = 0
    /// Bytes that left the window and are still in memory: carried over, or waiting to be written.
    package var outside = 0
    /// An object that has to be written before any other, although it is not at the head of the line: then
    /// it is what always goes on.
    package var leader: Int?
    /// What an object of unknown size is expected to bring: an average of those that came before.
    private var expected: Int

    /// - Parameters:
    ///   - memory: how many bytes may be in flight.
    ///   - chunkSize: how long ranges are; less than half of `memory`.
    ///   - threshold: from which size on an object is fetched in ranges.
    ///   - lanes: how many of such objects are to go on beside each other; with one, all memory is for the first of
    ///     them, up to its last range.
    package init(memory: Int, chunkSize: Int, threshold: Int, lanes: Int = 1) {
        self.lanes = lanes
        self.memory = memory
        self.chunkSize = chunkSize
        expected = min(64 << 10, chunkSize)
        self.threshold = threshold
    }

    /// The number of the object at the head of the line; the next one added if there is none.
    package var head: Int { first }
    /// How many objects are in the window.
    package var count: Int { base + objects.count - first }
    /// Bytes that are kept for what is in the window.
    package var reservedBytes: Int { reserved }

    // MARK: what is next

    /// True if another object could be begun now: nothing in the window comes before it, and there is room.
    package var wantsObject: Bool {
        unbegun.count < lanes && unbegun.allSatisfy(hasItsShare) && hasRoom(count == 0 ? 0 : expected)
    }

    /// True if `number` is one of several that go on beside each other, and has as much as each of them may.
    private func hasItsShare(_ number: Int) -> Bool {
        guard lanes > 1, self[number].chunks != nil else { return false }
        return self[number].reserved + chunkSize > max(2 * chunkSize, memory / (lanes + 1)) + Self.overhead
    }

    /// Puts an object at the end of the line.
    ///
    /// - Returns: its number.
    package mutating func add(size: Int?) -> Int {
        let number = base + objects.count
        objects.append(Object(size: size))
        reserve(Self.overhead, for: number)
        unbegun.append(number)
        return number
    }

    /// What to ask for next; nil until something has changed.
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
        // With nothing of it left here, the head of the line would wait for ever.
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

    /// True if so many bytes more would not have to be made room for.
    package func canHold(_ bytes: Int) -> Bool { reserved + outside + bytes <= memory }

    private func hasRoom(_ bytes: Int) -> Bool { bytes <= memory - chunkSize - reserved - outside }

    // MARK: what happens

    /// The answer to the first request of `number` begins.
    ///
    /// - Parameters:
    ///   - size: in bytes, if the answer tells it.
    ///   - isPinned: whether further requests can be held to the same version.
    package mutating func answered(_ number: Int, size: Int?, isPinned: Bool) -> Verdict {
        release(self[number].reserved - Self.overhead, of: number)
        guard let size else {
            // There is never room for what may be of any length, but at the head of the line.
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

    /// `number`, whose size is not known, is longer than what it may bring ahead of its turn.
    ///
    /// - Returns: true if it goes on as fast as it is written; false if it is asked for again when it leads.
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

    /// All of `number`, whose size was not known, is here; `left` bytes of it were not given out.
    package mutating func knows(_ number: Int, left: Int) {
        release(max(0, self[number].reserved - Self.overhead - left), of: number)
    }

    /// `number` is asked for from its start again: what was fetched of it is dropped, and nothing of it was
    /// given out.
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

    /// `bytes` of `number` were given out.
    package mutating func gaveOut(_ bytes: Int, of number: Int) {
        if bytes > 0 { self[number].isBeingWritten = true }
        release(min(bytes, self[number].reserved - Self.overhead), of: number)
    }

    /// No more of `number` is wanted than was asked for, of which nothing is kept.
    package mutating func hasEnough(_ number: Int) {
        removeUnbegun(number)
        release(self[number].reserved - Self.overhead, of: number)
    }

    /// `number` leaves the line: all of it was given out, or it failed.
    package mutating func finished(_ number: Int) {
        self[number].isFinished = true
        release(self[number].reserved - Self.trace, of: number)
        removeUnbegun(number)
        while first - base < objects.count, self[first].isFinished {
            release(self[first].reserved, of: first)
            first += 1
        }
        // Compact when half is used up: each element is moved at most once for each time it was added.
        if first - base > 64, 2 * (first - base) > objects.count {
            objects.removeFirst(first - base)
            base = first
        }
    }

    /// An object that has to be dropped and asked for again later, because what was carried over meanwhile
    /// takes its room; nil if there is none, or all fits.
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
