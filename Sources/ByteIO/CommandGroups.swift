/// The process groups of running commands, which a second signal kills together with this process. They are
/// not in the terminal's foreground group, so the terminal does not signal them.
///
/// Source: signal-safety(7): a handler may call kill(2) but must not allocate.
enum CommandGroups {
    /// The maximum number of groups; any others end when their pipes are closed.
    private static let capacity = 256

    /// Whether a command was ever started.
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

    /// Kills all groups; may be called in a signal handler.
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

/// A global because a signal handler reads it; set once. Only the thread that starts commands, which also
/// handles the signals, changes the memory that it points to.
private nonisolated(unsafe) var commandGroups: UnsafeMutablePointer<pid_t>?
