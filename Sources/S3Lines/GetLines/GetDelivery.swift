import ByteIO

/// What comes of objects once they were handed over to standard output: they are counted when that has taken them, then
/// noted (`--done`), and what was noted the cursor passes (`--cursor`). None of this is done early or out of turn.
final class GetDelivery {
    private let run: Run
    private var delivery = Delivery<DeliveredObject>()
    private var notes: DoneNotes?
    private var noted = Delivery<DeliveredObject>()
    private var cursor: CursorKeeper?

    init(
        _ options: GetOptions, _ range: ListedKeyRange, run: Run, wakeUp: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.run = run
        if let path = options.donePath { notes = try DoneNotes(path, wakeUp: wakeUp) }
        guard let file = options.cursorFile else { return }
        let cursors = ReadCursors(
            range.places, pattern: range.pattern, startAfter: range.startAfter,
            lookback: range.following?.lookback)
        cursor = CursorKeeper(file, cursors, wakeUp: wakeUp) { [notes] in notes?.sync() }
    }

    /// How long it is until there is something to do, in milliseconds; nil if time alone changes nothing.
    var untilDue: Int? { cursor?.untilDue }

    /// An object is asked for.
    func requested(_ number: Int, key: [UInt8]) { cursor?.requested(number, key: key) }

    /// All of an object was handed over to standard output.
    func handedOver(_ object: DeliveredObject) {
        delivery.handedOver(object, end: run.output.acceptedBytes)
    }

    /// An object was not handed over, or not all of it.
    func failed(_ number: Int, key: [UInt8]) { cursor?.failed(number, key: key) }

    /// Takes note of what standard output has taken.
    ///
    /// - Parameter isLast: nothing more is handed over.
    func confirm(isLast: Bool) throws(StopReason) {
        if delivery.count > 0 {
            let written = run.output.writtenBytes
            while let object = delivery.next(written: written) {
                run.counts.objects += 1
                guard let notes else {
                    cursor?.done(object.number, key: object.key)
                    continue
                }
                notes.append(object)
                if cursor != nil { noted.handedOver(object, end: notes.acceptedBytes) }
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
