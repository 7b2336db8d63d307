/// Writes blocks to a descriptor in a separate thread.
///
/// A blocking write must not stop the rest of the process, and poll cannot prevent that: a pipe that is
/// reported as writable may accept only 4 KiB and block a larger write. The caller limits the queue by
/// checking `queuedBytes`.
@safe package final class OutputThread: Sendable {
    /// The name of the output in messages.
    package let name: String
    private let descriptor: CInt
    /// Called on the writing thread after each write, and when one fails.
    private let progressed: @Sendable () -> Void

    private let lock = PthreadLock()
    // Guarded by `lock`, which is notified of new slices and of the end.
    nonisolated(unsafe) private var slices = Queue<ByteSlice>()
    nonisolated(unsafe) private var queued = 0
    nonisolated(unsafe) private var written = 0
    nonisolated(unsafe) private var failure: SystemError?
    nonisolated(unsafe) private var isFinished = false
    /// Set at the start, and used only by the first call of `finish`.
    nonisolated(unsafe) private var thread: WorkerThread?

    /// - Parameter progressed: called from the other thread; must only wake up a waiting thread.
    package init(
        descriptor: CInt = STDOUT_FILENO, name: String = "standard output",
        progressed: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.descriptor = descriptor
        self.name = name
        self.progressed = progressed
        unsafe thread = try WorkerThread("thread for \(name)") { [self] in run() }
    }

    /// The memory of queued blocks in bytes, including the block being written. A slice counts as its whole
    /// block, because it keeps the block alive.
    package var queuedBytes: Int { lock.locked { unsafe queued } }

    /// The number of bytes written.
    package var writtenBytes: Int { lock.locked { unsafe written } }

    /// The error that stopped the writing; the queue is dropped then.
    package var error: SystemError? { lock.locked { unsafe failure } }

    /// Queues a block, which must not be changed any more.
    package func append(_ block: ByteBlock) { append(ByteSlice(block)) }

    /// Queues a part of a block, which must not be changed any more.
    package func append(_ slice: ByteSlice) {
        guard slice.count > 0 else { return }
        lock.locked {
            guard unsafe failure == nil else { return }
            unsafe slices.append(slice)
            unsafe queued += slice.block.capacity
            lock.changed()
        }
    }

    /// Waits until everything is written, and ends the thread; nothing may be appended afterwards. A second
    /// call does not wait.
    ///
    /// - Throws: the error of a write.
    package func finish() throws(SystemError) {
        let wasFinished = lock.locked {
            defer { unsafe isFinished = true }
            lock.changed()
            return unsafe isFinished
        }
        // A thread must be joined only once: its ID may be reused afterwards.
        if !wasFinished { unsafe thread?.join() }
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
            lock.locked {
                for slice in taken { unsafe queued -= slice.block.capacity }
                unsafe written += writer.writtenBytes
                if let failure {
                    unsafe self.failure = failure
                    unsafe slices.removeAll()
                    unsafe queued = 0
                }
            }
            progressed()
        }
    }

    /// Waits for the next slices; none if the output is finished.
    private func next() -> [ByteSlice] {
        lock.locked {
            while unsafe slices.isEmpty && !isFinished { lock.wait() }
            var taken: [ByteSlice] = []
            var size = 0
            while size < Self.writeSize, taken.count < SliceWriter.most,
                let slice = unsafe slices.popFirst()
            {
                taken.append(slice)
                size += slice.count
            }
            return taken
        }
    }
}
