/// Blocks on their way to a descriptor, written by a thread of their own.
///
/// A blocking write must not stop what else a process does, and poll cannot prevent it: a pipe that is said
/// to be writable takes 4 KiB at once and lets a larger write wait. The queue is bounded by its user, who
/// looks at `queuedBytes` before making more.
@safe package final class OutputThread: @unchecked Sendable {
    /// What is written to, as messages name it.
    package let name: String
    private let descriptor: CInt
    /// Called on the writing thread after each block, and when a write fails.
    private let progressed: @Sendable () -> Void

    // All below is guarded by `lock`; `changed` is signalled whenever it changes.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var slices = Queue<ByteSlice>()
    private var queued = 0
    private var written = 0
    private var failure: SystemError?
    private var isFinished = false
    private var thread: WorkerThread?

    /// - Parameter progressed: called from the other thread; must do no more than wake somebody up.
    package init(
        descriptor: CInt = STDOUT_FILENO, name: String = "standard output",
        progressed: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.descriptor = descriptor
        self.name = name
        self.progressed = progressed
        unsafe lock = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(changed, nil)
        thread = try WorkerThread("thread for \(name)") { [self] in run() }
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(lock)
        unsafe changed.deallocate()
        unsafe lock.deallocate()
    }

    /// The memory that what waits to be written holds, a block under way included: all of a block for each of its
    /// parts, since one of them is enough to keep it.
    package var queuedBytes: Int { locked { queued } }

    /// The bytes that the system has taken.
    package var writtenBytes: Int { locked { written } }

    /// Why nothing more is written; what was queued is dropped then.
    package var error: SystemError? { locked { failure } }

    /// Queues a block, which its giver must not change any more.
    package func append(_ block: ByteBlock) { append(ByteSlice(block)) }

    /// Queues a part of a block, which no one must change any more.
    package func append(_ slice: ByteSlice) {
        guard slice.count > 0 else { return }
        locked {
            guard failure == nil else { return }
            slices.append(slice)
            queued += slice.block.capacity
            unsafe pthread_cond_signal(changed)
        }
    }

    /// Waits until all is written, and ends the thread; nothing may be appended from then on. Once it has
    /// ended there is nothing to wait for.
    ///
    /// - Throws: what a write failed with.
    package func finish() throws(SystemError) {
        let wasFinished = locked {
            defer { isFinished = true }
            unsafe pthread_cond_signal(changed)
            return isFinished
        }
        // A thread that was waited for is not there any more: its number may be another one's.
        if !wasFinished { thread?.join() }
        if let failure = error { throw failure }
    }

    private func run() {
        while let slice = next() {
            var failure: SystemError?
            do { try writeAll(slice.bytes, to: descriptor, name: name) } catch { failure = error }
            locked {
                queued -= slice.block.capacity
                written += failure == nil ? slice.count : 0
                if let failure {
                    self.failure = failure
                    slices.removeAll()
                    queued = 0
                }
            }
            progressed()
        }
    }

    private func next() -> ByteSlice? {
        locked {
            while slices.isEmpty && !isFinished { unsafe pthread_cond_wait(changed, lock) }
            return slices.popFirst()
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return body()
    }
}
