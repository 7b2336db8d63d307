/// The groups of processes that commands are, for what ends this process at once: a second signal. They are none of the
/// terminal's, which would end them otherwise.
///
/// Source: signal-safety(7): kill(2) is allowed in a handler, what allocates is not.
enum CommandGroups {
    /// More are left to see that their pipes have closed.
    private static let capacity = 256

    /// Whether there ever was one.
    static var isUsed: Bool { unsafe commandGroups != nil }

    static func add(_ group: pid_t) {
        if unsafe commandGroups == nil {
            let memory = UnsafeMutablePointer<pid_t>.allocate(capacity: capacity)
            unsafe memory.initialize(repeating: 0, count: capacity)
            unsafe commandGroups = memory
        }
        exchange(0, for: group)
    }

    static func remove(_ group: pid_t) { exchange(group, for: 0) }

    /// For a handler.
    static func killAll() {
        guard let groups = unsafe commandGroups else { return }
        var place = 0
        while place < capacity {
            let group = unsafe groups[place]
            if group > 0 { kill(-group, SIGKILL) }
            place += 1
        }
    }

    private static func exchange(_ old: pid_t, for new: pid_t) {
        guard let groups = unsafe commandGroups else { return }
        for place in 0..<capacity where unsafe groups[place] == old {
            unsafe groups[place] = new
            return
        }
    }
}

/// Read by a signal handler, which can reach nothing but globals; set once. Only the thread that starts commands, where
/// signals arrive, writes what it points to.
private nonisolated(unsafe) var commandGroups: UnsafeMutablePointer<pid_t>?
