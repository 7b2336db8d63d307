import ByteIO
import S3Core

/// Tracks objects after their bytes were handed to standard output. Once standard output has taken an object,
/// it is counted, then noted (`--done`), and once it is noted, the cursor moves past it (`--cursor`). The
/// order is never changed.
final class GetDelivery {
    private let run: Run
    private var delivery = Delivery<DeliveredObject>()
    /// Nil without `--done`, and after it failed.
    private var notes: DoneNotes?
    private let isNoting: Bool
    private var noted = Delivery<DeliveredObject>()
    private var cursor: CursorKeeper?

    init(
        _ options: GetOptions, _ range: ListedKeyRange, run: Run, wakeUp: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.run = run
        isNoting = options.donePath != nil
        if let path = options.donePath { notes = try DoneNotes(path, wakeUp: wakeUp) }
        guard let file = options.cursorFile else { return }
        let cursors = ReadCursors(
            range.places, pattern: range.pattern, startAfter: range.startAfter,
            lookback: range.following?.lookback)
        cursor = CursorKeeper(file, cursors, wakeUp: wakeUp) { [notes] () throws(SystemError) in
            try notes?.sync()
        }
    }

    /// The time until `confirm` is due, in milliseconds; nil if nothing is scheduled.
    var untilDue: Int? { cursor?.untilDue }

    /// Records that an object is being requested.
    func requested(_ number: Int, key: [UInt8]) { cursor?.requested(number, key: key) }

    /// Records that all of an object was handed to standard output.
    func handedOver(_ object: DeliveredObject) {
        delivery.handedOver(object, end: run.output.acceptedBytes)
    }

    /// Records that an object could not be handed over completely.
    func failed(_ number: Int, key: [UInt8]) { cursor?.failed(number, key: key) }

    /// Processes the objects that standard output has taken.
    ///
    /// - Parameter isLast: whether nothing more will be handed over.
    func confirm(isLast: Bool) throws(StopReason) {
        if delivery.count > 0 {
            let written = run.output.writtenBytes
            while let object = delivery.next(written: written) {
                run.counts.objects += 1
                if let notes {
                    notes.append(object)
                    if cursor != nil { noted.handedOver(object, end: notes.acceptedBytes) }
                } else if !isNoting {
                    cursor?.done(object.number, key: object.key)
                }
            }
        }
        let isLast = isLast && (delivery.count == 0 || run.output.error != nil)
        try confirmNotes(isLast)
        cursor?.renew()
        guard let cursor, isLast || cursor.error != nil else { return }
        self.cursor = nil
        do { try cursor.finish() } catch { throw .system(error) }
    }

    private func confirmNotes(_ isLast: Bool) throws(StopReason) {
        guard let notes else { return }
        notes.flush()
        var failure: SystemError?
        if isLast || notes.error != nil {
            self.notes = nil
            do { try notes.finish() } catch { failure = error }
        }
        let written = cursor == nil ? 0 : notes.writtenBytes
        while let object = noted.next(written: written) { cursor?.done(object.number, key: object.key) }
        if let failure { throw .system(failure) }
    }
}
