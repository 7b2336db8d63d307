import ByteIO
import S3Core

/// Writes the cursor to its file by a thread of its own, so that a slow disk holds up nothing: at most once a second, and
/// at the end.
final class CursorKeeper {
    private let file: CursorFile
    private var cursors: ReadCursors
    /// Called by that thread before the file is written: what must be safe before.
    private let sync: () -> Void
    private let pool: WorkPool
    private var isWriting = false
    /// When it may be written next, by the monotonic clock in milliseconds.
    private var due = 0
    /// Why it cannot be kept.
    private(set) var error: SystemError?

    private static let interval = 1000
    /// Writing takes at most one part in so many of the time.
    private static let restPerWrite = 9

    init(
        _ file: CursorFile, _ cursors: ReadCursors, wakeUp: @escaping @Sendable () -> Void,
        sync: @escaping () -> Void
    ) {
        self.file = file
        self.cursors = cursors
        self.sync = sync
        pool = WorkPool(threads: 1, wakeUp: wakeUp)
    }

    func requested(_ number: Int, key: [UInt8]) { cursors.requested(number, key: key) }
    func done(_ number: Int, key: [UInt8]) { cursors.done(number, key: key, now: WallClock.milliseconds) }
    func failed(_ number: Int, key: [UInt8]) { cursors.failed(number, key: key) }

    /// How long it is until it is to be written, in milliseconds; nil if time alone changes nothing.
    var untilDue: Int? {
        cursors.isChanged && !isWriting && error == nil ? max(0, due - MonotonicClock.milliseconds) : nil
    }

    /// Writes it if it is time to.
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
            sync()
            do throws(SystemError) { try file.keep(places) } catch { outcome.error = error }
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

    /// Writes what is left to write, and waits for it.
    func finish() throws(SystemError) {
        while isWriting || cursors.isChanged && error == nil {
            if !isWriting { write() }
            if let work { pool.wait(for: work) }
            pool.handBack()
        }
        if let error { throw error }
    }
}
