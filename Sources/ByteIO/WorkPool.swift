/// A computation that any thread may run. The data that it uses must not be touched between `WorkPool.submit`
/// and its completion.
package final class Work {
    // Each is released after its call, since it may hold a reference to the owner of this work.
    fileprivate var body: ((Workspace) -> Void)?
    fileprivate var completion: (() -> Void)?
    // Guarded by the queue's lock.
    fileprivate var isDone = false
    /// What must be done before; nil once this has begun.
    fileprivate var previous: Work?

    /// - Parameter body: called once, on any thread.
    package init(_ body: @escaping () -> Void) { self.body = { _ in body() } }

    /// - Parameter body: called once, on any thread, with what that thread keeps.
    package init(_ body: @escaping (Workspace) -> Void) { self.body = body }

    fileprivate func run(in workspace: Workspace) {
        body?(workspace)
        body = nil
    }
}

/// Objects that a thread uses again in its next computation, because they are expensive to create: at most one of each
/// type. Never used by two threads.
package final class Workspace {
    private var kept: [ObjectIdentifier: AnyObject] = [:]

    package init() {}

    /// Removes and returns the object of this type, if there is one.
    package func take<Kept: AnyObject>(_ type: Kept.Type) -> Kept? {
        kept.removeValue(forKey: ObjectIdentifier(type)) as? Kept
    }

    /// Keeps `object` instead of an earlier one of its type.
    package func keep<Kept: AnyObject>(_ object: Kept) { kept[ObjectIdentifier(Kept.self)] = object }
}

/// A pool of threads that compute for one thread, which meanwhile waits for events.
///
/// Threads are started with the first work. The caller limits the queue by checking `pending`. All methods
/// must be called from the waiting thread.
package final class WorkPool {
    private let queue: WorkQueue
    private let threadCount: Int
    private var threads: [WorkerThread] = []
    /// The objects that the waiting thread uses again.
    package let workspace = Workspace()
    /// The number of computations whose completion was not called yet.
    package private(set) var pending = 0

    /// The number of threads that can run in parallel. Source: sysconf(3).
    package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameters:
    ///   - threads: the maximum number of threads; with 0, `submit` computes.
    ///   - wakeUp: called from another thread when `handBack` has something to do; must only wake up the
    ///     waiting thread.
    package init(threads: Int, wakeUp: @escaping @Sendable () -> Void) {
        threadCount = threads
        queue = WorkQueue(wakeUp)
    }

    deinit {
        queue.finish()
        for thread in threads { thread.join() }
    }

    /// True if more work should be submitted: enough to keep all threads busy until the next check.
    package var hasRoom: Bool { pending < 8 * (threadCount + 1) }

    /// Queues `work`. `completion` is called by `handBack`.
    ///
    /// - Parameter previous: work that was submitted before, and must be done before this begins.
    package func submit(_ work: Work, after previous: Work? = nil, completion: @escaping () -> Void) {
        pending += 1
        work.previous = previous
        work.completion = completion
        if threads.count < threadCount, pending > threads.count { startThread() }
        guard !threads.isEmpty else {
            // The pool has no threads, or none could be started.
            work.previous = nil
            work.run(in: workspace)
            return queue.done(work)
        }
        queue.append(work)
    }

    /// Calls the completions of finished work, in the order in which it finished.
    package func handBack() {
        guard pending > 0 else { return }
        for work in queue.takeDone() {
            pending -= 1
            let completion = work.completion
            work.completion = nil
            completion?()
        }
    }

    /// Whether `work` has finished.
    package func isComputed(_ work: Work) -> Bool { queue.isDone(work) }

    /// Waits until `work` has finished; its completion is still called by `handBack`.
    package func wait(for work: Work) { queue.wait(for: work) }

    private func startThread() {
        // If no thread can be started, the existing threads or the caller do the work.
        do { threads.append(try WorkerThread("thread") { [queue] in queue.run() }) } catch {}
    }
}

/// The state that the threads share.
@safe private final class WorkQueue: Sendable {
    private let wakeUp: @Sendable () -> Void
    private let lock: PthreadLock
    // Guarded by `lock`, which is notified of each change.
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

    /// Stops the threads after their current work.
    func finish() {
        lock.locked {
            unsafe isFinished = true
            unsafe waiting.removeAll()
            lock.changed()
        }
    }

    /// The main function of each thread.
    func run() {
        let workspace = Workspace()
        while let work = next() {
            work.run(in: workspace)
            done(work)
        }
    }

    /// The first work that can begin, once there is any; nil if there will be none.
    private func next() -> Work? {
        lock.locked {
            while true {
                if let place = unsafe waiting.firstIndex(where: { $0.previous?.isDone ?? true }) {
                    let work = unsafe waiting.remove(at: place)
                    work.previous = nil
                    return work
                }
                if unsafe isFinished { return nil }
                lock.wait()
            }
        }
    }
}
