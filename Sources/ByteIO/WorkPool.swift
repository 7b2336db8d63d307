/// Something to be computed by any thread. What it uses is left alone between `WorkPool.submit` and the time it
/// is handed back.
package final class Work {
    // Each is dropped once it was called: it may hold what holds the work.
    fileprivate var body: (() -> Void)?
    fileprivate var completion: (() -> Void)?
    /// Guarded by the queue's lock.
    fileprivate var isDone = false

    /// - Parameter body: called once, on any thread.
    package init(_ body: @escaping () -> Void) { self.body = body }

    fileprivate func run() {
        body?()
        body = nil
    }
}

/// As many threads as compute at once, for one thread that waits for other things meanwhile.
///
/// Nothing is started before the first work comes. The queue is bounded by its user, who looks at `pending` before
/// making more. All methods are for the thread that waits.
package final class WorkPool {
    private let queue: WorkQueue
    private let threadCount: Int
    private var threads: [WorkerThread] = []
    /// How many were submitted and not handed back.
    package private(set) var pending = 0

    /// How many threads of this process can run at once. Source: sysconf(3).
    package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameters:
    ///   - threads: how many there are at most; with none, `submit` computes.
    ///   - wakeUp: called from another thread when there is something to hand back; must do no more than wake
    ///     somebody up.
    package init(threads: Int, wakeUp: @escaping @Sendable () -> Void) {
        threadCount = threads
        queue = WorkQueue(wakeUp)
    }

    deinit {
        queue.finish()
        for thread in threads { thread.join() }
    }

    /// As many as keep all threads busy until the next time that somebody looks.
    package var hasRoom: Bool { pending < 8 * (threadCount + 1) }

    /// Lets `work` be computed. `completion` is called by `handBack`.
    package func submit(_ work: Work, completion: @escaping () -> Void) {
        pending += 1
        work.completion = completion
        if threads.count < threadCount, pending > threads.count { startThread() }
        guard !threads.isEmpty else {
            // There are to be none, or the system has none.
            work.run()
            return queue.done(work)
        }
        queue.append(work)
    }

    /// Calls the completions of what was computed, in the order in which that ended.
    package func handBack() {
        guard pending > 0 else { return }
        for work in queue.takeDone() {
            pending -= 1
            let completion = work.completion
            work.completion = nil
            completion?()
        }
    }

    /// Whether that was computed.
    package func isComputed(_ work: Work) -> Bool { queue.isDone(work) }

    /// Waits until `work` was computed; its completion is called by `handBack` nevertheless.
    package func wait(for work: Work) { queue.wait(for: work) }

    private func startThread() {
        // Where the system has no more, those that there are do the work, or the caller.
        do { threads.append(try WorkerThread("thread") { [queue] in queue.run() }) } catch {}
    }
}

/// What the threads share.
@safe private final class WorkQueue: Sendable {
    private let wakeUp: @Sendable () -> Void
    private let lock: PthreadLock
    // Guarded by `lock`, which is told whenever they change.
    nonisolated(unsafe) private var waiting: [Work] = []
    nonisolated(unsafe) private var computed: [Work] = []
    nonisolated(unsafe) private var isFinished = false

    init(_ wakeUp: @escaping @Sendable () -> Void) {
        self.wakeUp = wakeUp
        lock = PthreadLock()
    }

    func append(_ work: Work) {
        lock.locked {
            unsafe waiting.append(work)
            lock.changed()
        }
    }

    func done(_ work: Work) {
        let isFirst = lock.locked {
            work.isDone = true
            unsafe computed.append(work)
            lock.changed()
            return unsafe computed.count == 1
        }
        if isFirst { wakeUp() }
    }

    func takeDone() -> [Work] {
        lock.locked {
            defer { unsafe computed.removeAll() }
            return unsafe computed
        }
    }

    func isDone(_ work: Work) -> Bool { lock.locked { work.isDone } }

    func wait(for work: Work) {
        lock.locked { while !work.isDone { lock.wait() } }
    }

    /// Nothing more is computed.
    func finish() {
        lock.locked {
            unsafe isFinished = true
            unsafe waiting.removeAll()
            lock.changed()
        }
    }

    /// What each thread does.
    func run() {
        while let work = next() {
            work.run()
            done(work)
        }
    }

    private func next() -> Work? {
        lock.locked {
            while unsafe waiting.isEmpty && !isFinished { lock.wait() }
            return unsafe waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }
}

/// A lock, and a way to wait for a change of what it guards.
@safe private final class PthreadLock: Sendable {
    nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    /// To be called with the lock held.
    func changed() { unsafe pthread_cond_broadcast(condition) }

    /// The same; others may have the lock meanwhile.
    func wait() { unsafe pthread_cond_wait(condition, mutex) }
}
