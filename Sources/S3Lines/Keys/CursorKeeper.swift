import ByteIO
import S3Core

/// Writes the cursor file in a thread of its own, so that a slow disk delays nothing: at most once a second,
/// and at the end.
final class CursorKeeper {
    private let file: CursorFile
    private var cursors: ReadCursors
    /// Called in that thread before the file is written, to sync data that the cursor depends on.
    private let sync: () throws(SystemError) -> Void
    private let pool: WorkPool
    private var isWriting = false
    /// The monotonic time in milliseconds of the next allowed write.
    private var due = 0
    /// Why the cursor cannot be written.
    private(set) var error: SystemError?

    private static let interval = 1000
    /// Each write is followed by a pause of this many times its duration.
    private static let restPerWrite = 9

    init(
        _ file: CursorFile, _ cursors: ReadCursors, wakeUp: @escaping @Sendable () -> Void,
        sync: @escaping () throws(SystemError) -> Void
    ) {
        self.file = file
        self.cursors = cursors
        self.sync = sync
        pool = WorkPool(threads: 1, wakeUp: wakeUp)
    }

    func requested(_ number: Int, key: [UInt8]) { cursors.requested(number, key: key) }
    func done(_ number: Int, key: [UInt8]) { cursors.done(number, key: key, now: WallClock.milliseconds) }
    func failed(_ number: Int, key: [UInt8]) { cursors.failed(number, key: key) }

    /// The time until the next write, in milliseconds; nil if nothing is scheduled.
    var untilDue: Int? {
        cursors.isChanged && !isWriting && error == nil ? max(0, due - MonotonicClock.milliseconds) : nil
    }

    /// Starts to write the cursor if it is due.
    func renew() {
        pool.handBack()
        if untilDue == 0 { write() }
    }

    private func write() {
        let places = cursors.places(now: WallClock.milliseconds)
        isWriting = true
        let start = MonotonicClock.milliseconds
        let outcome = Outcome()
        let work = Work { [file, sync] in
            do throws(SystemError) {
                try sync()
                try file.keep(places)
            } catch { outcome.error = error }
        }
        pool.submit(work) { [unowned self] in
            isWriting = false
            error = error ?? outcome.error
            let end = MonotonicClock.milliseconds
            due = max(start + Self.interval, end + Self.restPerWrite * (end - start))
        }
        self.work = work
    }

    private var work: Work?

    private final class Outcome { var error: SystemError? }

    /// Writes what is left, and waits for it.
    func finish() throws(SystemError) {
        while isWriting || cursors.isChanged && error == nil {
            if !isWriting { write() }
            if let work { pool.wait(for: work) }
            pool.handBack()
        }
        if let error { throw error }
    }
}
