import ByteIO

/// Names a call in a schedule. No two calls of a schedule have the same one.
package struct CallID: Hashable, Sendable {
    /// Where it is kept, which is used again.
    fileprivate var slot = -1
    fileprivate var serial = -1

    /// That of no call.
    package init() {}
}

/// Which call is sent next, and which ones wait, are delayed, paused, at their last attempt or out of time. A plain
/// state machine: it knows neither requests nor answers.
///
///     add -> waiting -> next -> sent -> ended -> remove
///                        ^                |
///                        '- again <- delayed, or at once
///
/// Calls that are sent again, and those that go first, come before all that wait. A call that is about to be sent again
/// keeps its place: nothing that waits takes it.
package struct CallSchedule<Call> {
    private enum State: Equatable {
        case waiting
        /// As soon as a connection is free, before all that wait.
        case again
        /// Until this time of the monotonic clock, in milliseconds; nil until `releaseHeld`.
        case delayed(until: Int?)
        case sent
        /// Its attempt has ended; what comes of it is being decided.
        case ended
    }

    private struct Entry {
        let serial: Int
        let call: Call
        let cleansUp: Bool
        var state: State
        /// Its transfer holds a connection, but does nothing.
        var isPaused = false
        /// No further attempt is made.
        var isLastAttempt = false
        /// When it is out of time, by the monotonic clock in milliseconds.
        var deadline: Int?
    }

    /// After `hurry`, how often what cleans up is tried, and how long its answers are awaited.
    private static var hurriedAttempts: Int { 3 }
    private static var hurriedMilliseconds: Int { 5000 }

    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var nextSerial = 0
    // What was cancelled meanwhile is left in these, and passed over.
    private var waiting = Queue<CallID>()
    private var again = Queue<CallID>()
    private var delayed: [CallID] = []
    private var againCount = 0
    /// How many calls' requests are under way.
    package private(set) var sentCount = 0
    private var pausedCount = 0
    /// How many calls have not been removed.
    package private(set) var count = 0
    private var isInAHurry = false

    package init() {}

    // MARK: calls

    /// Takes a call that is to be sent.
    ///
    /// - Parameters:
    ///   - cleansUp: whether it only takes away what was left: it goes first, is not `cancellable`, and has little time
    ///     after `hurry`.
    ///   - goesFirst: whether it goes before all that wait.
    package mutating func add(_ call: Call, cleansUp: Bool = false, goesFirst: Bool = false) -> CallID {
        let isFirst = cleansUp || goesFirst
        let entry = Entry(
            serial: nextSerial, call: call, cleansUp: cleansUp, state: isFirst ? .again : .waiting)
        nextSerial += 1
        count += 1
        var id = CallID()
        id.serial = entry.serial
        if let slot = free.popLast() {
            id.slot = slot
            entries[slot] = entry
        } else {
            id.slot = entries.count
            entries.append(entry)
        }
        if isFirst {
            againCount += 1
            again.append(id)
        } else {
            waiting.append(id)
        }
        return id
    }

    /// The call is over.
    package mutating func remove(_ id: CallID) {
        guard let entry = entry(id) else { return }
        leave(entry.state, id)
        entries[id.slot] = nil
        free.append(id.slot)
        count -= 1
    }

    package subscript(id: CallID) -> Call? { entry(id)?.call }

    /// All calls in the order in which they were added.
    package var all: [Call] { sorted { _ in true } }

    /// Those whose requests are not on their way, and that do not clean up.
    package var cancellable: [Call] { sorted { $0.state != .sent && !$0.cleansUp } }

    private func sorted(_ isWanted: (Entry) -> Bool) -> [Call] {
        entries.compactMap { $0 }.filter(isWanted).sorted { $0.serial < $1.serial }.map(\.call)
    }

    private func entry(_ id: CallID) -> Entry? {
        guard entries.indices.contains(id.slot), let entry = entries[id.slot], entry.serial == id.serial
        else {
            return nil
        }
        return entry
    }

    /// - Returns: false if the call is over.
    @discardableResult
    private mutating func move(_ id: CallID, to state: State) -> Bool {
        guard let entry = entry(id) else { return false }
        leave(entry.state, id)
        if state == .sent { sentCount += 1 }
        if state == .again { againCount += 1 }
        entries[id.slot]?.state = state
        return true
    }

    private mutating func leave(_ state: State, _ id: CallID) {
        switch state {
        case .sent:
            sentCount -= 1
            resumed(id)
        case .again: againCount -= 1
        case .delayed: delayed.removeAll { $0 == id }
        case .waiting, .ended: break
        }
    }

    // MARK: sending

    /// The call that is sent now; nil until something has changed.
    ///
    /// - Parameter limit: how many requests may be under way.
    package mutating func next(limit: Int) -> CallID? {
        // What is sent again must not wait for a transfer that is paused until just that has been read.
        while againCount > 0, sentCount - pausedCount < limit, let id = again.popFirst() {
            if entry(id)?.state == .again, move(id, to: .sent) { return id }
        }
        while sentCount + againCount + delayed.count < limit, let id = waiting.popFirst() {
            if entry(id)?.state == .waiting, move(id, to: .sent) { return id }
        }
        return nil
    }

    package func isSent(_ id: CallID) -> Bool { entry(id)?.state == .sent }

    /// The call's transfer does nothing until it is resumed: so nothing may wait for it.
    package mutating func paused(_ id: CallID) {
        guard let entry = entry(id), entry.state == .sent, !entry.isPaused else { return }
        entries[id.slot]?.isPaused = true
        pausedCount += 1
    }

    package mutating func resumed(_ id: CallID) {
        guard let entry = entry(id), entry.isPaused else { return }
        entries[id.slot]?.isPaused = false
        pausedCount -= 1
    }

    // MARK: what comes of an attempt

    /// The call's attempt has ended; it is removed or sent again.
    package mutating func ended(_ id: CallID) { move(id, to: .ended) }

    /// The call is sent again as soon as it can be.
    package mutating func sendAgain(_ id: CallID) {
        if move(id, to: .again) { again.append(id) }
    }

    /// The call is sent again after this time, or after `releaseHeld` if that is nil.
    package mutating func delay(_ id: CallID, until due: Int?) {
        if move(id, to: .delayed(until: due)) { delayed.append(id) }
    }

    /// Lets calls go on whose time has come.
    package mutating func release(now: Int) {
        guard !delayed.isEmpty else { return }
        release { $0.map { $0 <= now } ?? false }
    }

    /// Lets calls go on that were delayed without a time.
    package mutating func releaseHeld() { release { $0 == nil } }

    private mutating func release(_ isWanted: (Int?) -> Bool) {
        for id in delayed {
            if case .delayed(let due) = entry(id)?.state, isWanted(due) { sendAgain(id) }
        }
    }

    /// Whether no attempt follows the one that failed.
    ///
    /// - Parameter failures: how many have failed.
    package func isLastAttempt(_ id: CallID, failures: Int) -> Bool {
        guard let entry = entry(id) else { return true }
        return entry.isLastAttempt || (isInAHurry && entry.cleansUp && failures >= Self.hurriedAttempts)
    }

    // MARK: the end

    /// No further attempt of the call is made, whatever comes of the one under way.
    package mutating func makeLastAttempt(_ id: CallID) {
        if entry(id) != nil { entries[id.slot]?.isLastAttempt = true }
    }

    /// The run is to end soon: what cleans up is tried three times, and it and what is at its last attempt have five
    /// seconds from when they are sent.
    package mutating func hurry() { isInAHurry = true }

    /// The calls that are out of time.
    package mutating func overdue(now: Int) -> [Call] {
        guard isInAHurry else { return [] }
        for slot in entries.indices {
            // A call that waits for a connection was not sent, so its answer is not late.
            guard let entry = entries[slot], entry.cleansUp || entry.isLastAttempt, entry.state == .sent,
                entry.deadline == nil
            else { continue }
            entries[slot]?.deadline = now + Self.hurriedMilliseconds
        }
        return sorted { $0.deadline.map { $0 <= now } ?? false }
    }

    /// How long it is until `release` or `overdue` have something to do, in milliseconds; nil if time alone changes
    /// nothing.
    package func untilDue(now: Int) -> Int? {
        var first: Int?
        for id in delayed {
            if case .delayed(let due?) = entry(id)?.state { first = min(first ?? due, due) }
        }
        if isInAHurry {
            for case let deadline? in entries.map({ $0?.deadline }) {
                first = min(first ?? deadline, deadline)
            }
        }
        return first.map { max(0, $0 - now) }
    }
}
