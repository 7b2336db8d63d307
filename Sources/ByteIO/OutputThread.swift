/// Writes blocks to a descriptor in a separate thread.
///
/// A blocking write must not stop the rest of the process, and poll cannot prevent that: a pipe that is
/// reported as writable may accept only 4 KiB and block a larger write. The caller limits the queue by
/// checking `queuedBytes`.
@safe package final class OutputThread: @unchecked Sendable {
    /// The name of the output in messages.
    package let name: String
    private let descriptor: CInt
    /// Called on the writing thread after each write, and when one fails.
    private let progressed: @Sendable () -> Void

    // `lock` guards everything below; `changed` is signalled on each change.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var slices = Queue<ByteSlice>()
    private var queued = 0
    private var written = 0
    private var failure: SystemError?
    private var isFinished = false
    private var thread: WorkerThread?

    /// - Parameter progressed: called from the other thread; must only wake up a waiting thread.
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

    /// The memory of queued blocks in bytes, including the block being written. A slice counts as its whole
    /// block, because it keeps the block alive.
    package var queuedBytes: Int { locked { queued } }

    /// The number of bytes written.
    package var writtenBytes: Int { locked { written } }

    /// The error that stopped the writing; the queue is dropped then.
    package var error: SystemError? { locked { failure } }

    /// Queues a block, which must not be changed any more.
    package func append(_ block: ByteBlock) { append(ByteSlice(block)) }

    /// Queues a part of a block, which must not be changed any more.
    package func append(_ slice: ByteSlice) {
        guard slice.count > 0 else { return }
        locked {
            guard failure == nil else { return }
            slices.append(slice)
            queued += slice.block.capacity
            unsafe pthread_cond_signal(changed)
        }
    }

    /// Waits until everything is written, and ends the thread; nothing may be appended afterwards. A second
    /// call does not wait.
    ///
    /// - Throws: the error of a write.
    package func finish() throws(SystemError) {
        let wasFinished = locked {
            defer { isFinished = true }
            unsafe pthread_cond_signal(changed)
            return isFinished
        }
        // A thread must be joined only once: its ID may be reused afterwards.
        if !wasFinished { thread?.join() }
        if let failure = error { throw failure }
    }

    /// Slices are written together up to this many bytes: each write wakes up the reader, and then the run.
    private static let writeSize = 256 << 10

    private func run() {
        while true {
            let taken = next()
            guard !taken.isEmpty else { return }
            var failure: SystemError?
            var writer = SliceWriter(taken)
            do { try writer.write(to: descriptor, name: name) } catch { failure = error }
            locked {
                for slice in taken { queued -= slice.block.capacity }
                written += writer.writtenBytes
                if let failure {
                    self.failure = failure
                    slices.removeAll()
                    queued = 0
                }
            }
            progressed()
        }
    }

    /// Waits for the next slices; none if the output is finished.
    private func next() -> [ByteSlice] {
        locked {
            while slices.isEmpty && !isFinished { unsafe pthread_cond_wait(changed, lock) }
            var taken: [ByteSlice] = []
            var size = 0
            while size < Self.writeSize, taken.count < SliceWriter.most, let slice = slices.popFirst() {
                taken.append(slice)
                size += slice.count
            }
            return taken
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return body()
    }
}
