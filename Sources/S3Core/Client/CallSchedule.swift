import ByteIO

/// Identifies a call in a schedule. No two calls of a schedule have the same ID.
package struct CallID: Hashable, Sendable {
    /// The index of its entry. Slots are reused; serial numbers are not.
    fileprivate var slot = -1
    fileprivate var serial = -1

    /// The ID of no call.
    package init() {}
}

/// Tracks the state of every call: waiting, sent, delayed, paused, at its last attempt or past its deadline;
/// and chooses the next one to send. A state machine that knows neither requests nor responses.
///
///     add -> waiting -> next -> sent -> ended -> remove
///                        ^                |
///                        '- again <- delayed, or at once
///
/// Retries and calls with priority are sent before all waiting calls. A call that waits for its retry keeps
/// its connection slot: no waiting call takes it.
package struct CallSchedule<Call> {
    private enum State: Equatable {
        case waiting
        /// Sent as soon as a connection is free, before all waiting calls.
        case again
        /// Delayed until this time of the monotonic clock, in milliseconds; nil means until `releaseHeld`.
        case delayed(until: Int?)
        case sent
        /// Its attempt has ended; the next step is not decided yet.
        case ended
    }

    private struct Entry {
        let serial: Int
        let call: Call
        let cleansUp: Bool
        var state: State
        /// Its transfer is paused: it holds a connection but receives nothing.
        var isPaused = false
        /// No retry follows.
        var isLastAttempt = false
        /// Its deadline by the monotonic clock, in milliseconds.
        var deadline: Int?
    }

    /// After `hurry`: the number of attempts of a cleanup call, and the time limit for each response.
    private static var hurriedAttempts: Int { 3 }
    static var hurriedMilliseconds: Int { 5000 }

    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var nextSerial = 0
    // These queues may still hold IDs of cancelled calls; `next` skips them.
    private var waiting = Queue<CallID>()
    private var again = Queue<CallID>()
    private var delayed: [CallID] = []
    private var againCount = 0
    /// The number of calls with a request in flight.
    package private(set) var sentCount = 0
    private var pausedCount = 0
    /// The number of calls that are not removed.
    package private(set) var count = 0
    private var isHurried = false

    package init() {}

    // MARK: calls

    /// Adds a call to be sent.
    ///
    /// - Parameters:
    ///   - cleansUp: whether the call only removes leftovers. It has priority, is not `cancellable`, and has
    ///     limited time after `hurry`.
    ///   - goesFirst: whether it is sent before all waiting calls.
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

    /// Removes a call that has ended.
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

    /// Calls without a request in flight, except cleanup calls.
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

    /// - Returns: false if the call has been removed.
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

    /// The next call to send; nil if none can be sent until the state changes.
    ///
    /// - Parameter limit: the maximum number of concurrent requests.
    package mutating func next(limit: Int) -> CallID? {
        // Paused transfers do not count here: a retry must not wait for a transfer that is paused until the
        // retry's data has been read.
        while againCount > 0, sentCount - pausedCount < limit, let id = again.popFirst() {
            if entry(id)?.state == .again, move(id, to: .sent) { return id }
        }
        while sentCount + againCount + delayed.count < limit, let id = waiting.popFirst() {
            if entry(id)?.state == .waiting, move(id, to: .sent) { return id }
        }
        return nil
    }

    /// Whether any call waits to be sent; `next` may still have none.
    package var hasUnsent: Bool { againCount > 0 || !waiting.isEmpty }

    package func isSent(_ id: CallID) -> Bool { entry(id)?.state == .sent }

    /// The call's transfer receives nothing until it is resumed, so retries do not wait for its connection
    /// slot.
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

    // MARK: after an attempt

    /// The call's attempt has ended; the caller then removes it or sends it again.
    package mutating func ended(_ id: CallID) { move(id, to: .ended) }

    /// Sends the call again as soon as a connection is free.
    package mutating func sendAgain(_ id: CallID) {
        if move(id, to: .again) { again.append(id) }
    }

    /// Sends the call again at this time, or after `releaseHeld` if `due` is nil.
    package mutating func delay(_ id: CallID, until due: Int?) {
        if move(id, to: .delayed(until: due)) { delayed.append(id) }
    }

    /// Releases delayed calls that are due.
    package mutating func release(now: Int) {
        guard !delayed.isEmpty else { return }
        release { $0.map { $0 <= now } ?? false }
    }

    /// Releases calls that were delayed without a time.
    package mutating func releaseHeld() { release { $0 == nil } }

    private mutating func release(_ isWanted: (Int?) -> Bool) {
        for id in delayed {
            if case .delayed(let due) = entry(id)?.state, isWanted(due) { sendAgain(id) }
        }
    }

    /// Whether the failed attempt was the last one.
    ///
    /// - Parameter failures: the number of failed attempts.
    package func isLastAttempt(_ id: CallID, failures: Int) -> Bool {
        guard let entry = entry(id) else { return true }
        return entry.isLastAttempt || (isHurried && entry.cleansUp && failures >= Self.hurriedAttempts)
    }

    /// False after `makeLastAttempt`: then no attempt may follow, not even one that does not count as a
    /// retry.
    package func mayBeSentAgain(_ id: CallID) -> Bool { entry(id).map { !$0.isLastAttempt } ?? false }

    // MARK: the end

    /// Allows the call no further attempt, whatever the outcome of the one in flight.
    package mutating func makeLastAttempt(_ id: CallID) {
        if entry(id) != nil { entries[id.slot]?.isLastAttempt = true }
    }

    /// The run is about to end: cleanup calls get three attempts. Cleanup calls and calls at their last
    /// attempt have five seconds from the time they are sent.
    package mutating func hurry() { isHurried = true }

    /// The calls past their deadline.
    package mutating func overdue(now: Int) -> [Call] {
        guard isHurried else { return [] }
        for slot in entries.indices {
            // The deadline of a call starts when it is sent, not while it waits for a connection.
            guard let entry = entries[slot], entry.cleansUp || entry.isLastAttempt, entry.state == .sent,
                entry.deadline == nil
            else { continue }
            entries[slot]?.deadline = now + Self.hurriedMilliseconds
        }
        return sorted { $0.deadline.map { $0 <= now } ?? false }
    }

    /// Milliseconds until `release` or `overdue` have something to do; nil if nothing is scheduled.
    package func untilDue(now: Int) -> Int? {
        var first: Int?
        for id in delayed {
            if case .delayed(let due?) = entry(id)?.state { first = min(first ?? due, due) }
        }
        if isHurried {
            for case let deadline? in entries.map({ $0?.deadline }) {
                first = min(first ?? deadline, deadline)
            }
        }
        return first.map { max(0, $0 - now) }
    }
}
