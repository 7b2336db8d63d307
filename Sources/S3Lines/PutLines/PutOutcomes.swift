import ByteIO
import S3Core

/// Records the results of records and objects: in the run's counts and messages and in the file of rejected
/// records. Decides whether the run can continue.
final class PutOutcomes {
    private let run: Run
    private let rejectPath: String?
    private let cancelUnsent: () -> Void
    private var rejects: PutRejects?
    /// The memory freed by rejected objects since the last query, in bytes.
    private var freed = 0

    /// - Parameter cancelUnsent: called after an error that every further request would meet too.
    /// - Throws: if the file of rejected records cannot be opened.
    init(_ options: PutOptions, run: Run, cancelUnsent: @escaping () -> Void) throws(SystemError) {
        self.run = run
        self.cancelUnsent = cancelUnsent
        rejectPath = options.rejectPath
        run.counts.lines = 0
        if let rejectPath { rejects = try PutRejects(rejectPath) }
    }

    /// Whether the run ends as soon as the complete objects are finished.
    var hasStopped: Bool { run.isStopped }

    func took(bytes: Int) { run.counts.bytes += bytes }
    func took(lines: Int) { run.counts.lines? += lines }

    // MARK: failures

    /// Ends the run as soon as the complete objects are finished.
    func stop(_ reason: StopReason) {
        let isFirst = !hasStopped
        run.stop(reason)
        if isFirst, case .service(let error, _) = reason, error.stopsRun { cancelUnsent() }
    }

    /// Records that an object will not be stored.
    func failed(_ draft: PutDraft, _ error: S3Error) {
        run.failed += 1
        if !hasStopped, !keepsRejects || error.stopsRun {
            stop(.service(error, context: draft.label))
        } else {
            run.report("\(draft.label): \(error)")
        }
    }

    /// Records that the run ended before an object was complete.
    func abandoned(_ draft: PutDraft, _ error: S3Error) {
        run.failed += 1
        let wasBegun = draft.recordBytes + draft.openRecordBytes > 0
        if !run.endsQuietly, wasBegun { run.report("\(draft.label): \(error)") }
    }

    /// Reports an upload that stays open because of `error`; `id` is nil if the upload's id is unknown.
    func orphaned(_ draft: PutDraft, upload id: [UInt8]?, _ error: S3Error) {
        let upload =
            id.map {
                "upload \(Diagnostics.printable($0)) "
                    + (error.mayBeUnderWay
                        ? "is left in place, because the service may still complete it"
                        : error.status > 0
                            ? "was not aborted, and its parts remain"
                            : "may not have been aborted, and its parts may remain")
            } ?? "an upload with an unknown id may have been started"
        run.report("\(Diagnostics.printable(draft.key)): \(upload): \(error)")
    }

    /// Records an invalid record; `error` describes it.
    ///
    /// - Returns: whether the file of rejected records needs its bytes.
    func malformed(line: Int, _ error: String) -> Bool {
        guard keepsRejects else {
            stop(.malformed("line \(line): \(error)"))
            return false
        }
        run.failed += 1
        run.report("line \(line): \(error)")
        return true
    }

    /// Records a last record without an end.
    func unterminated(line: Int) {
        run.failed += 1
        run.report("line \(line): the input ended inside this record; it is not stored")
    }

    /// Records that the run ended inside a record.
    func cutOff(line: Int) {
        run.failed += 1
        if !run.endsQuietly {
            run.report("line \(line): the record was not read completely and is lost")
        }
    }

    // MARK: rejects

    /// Whether unstored records are written to a file.
    var keepsRejects: Bool { rejects != nil }

    /// Whether rejected records are still being copied to the file. Until then no input is taken.
    var isRejecting: Bool { rejects?.isUnderWay ?? false }

    /// Reports that the records of a rejected object could not be kept.
    func lost(_ label: String) {
        if let rejectPath { run.report("\(label): its records may be missing in \(rejectPath)") }
    }

    /// Rejects the records of a failed object. If they are many, the rest is written by `writeRejects`.
    ///
    /// - Returns: whether the object stays in memory until `takeFreedMemory` reports it.
    func reject(_ object: PutRejected) -> Bool {
        guard keepsRejects else { return false }
        rejecting { rejects throws(SystemError) in
            rejects.append(object)
            return try rejects.step()
        }
        return true
    }

    /// Rejects bytes of a line that is invalid or not stored.
    func reject(_ bytes: RawSpan, endsLine: Bool) {
        rejecting { rejects throws(SystemError) in
            try rejects.append(bytes, endsLine: endsLine)
            return 0
        }
    }

    /// Continues to write rejected records to the file.
    func writeRejects() {
        rejecting { rejects throws(SystemError) in
            let released = try rejects.step()
            try rejects.flush()
            return released
        }
    }

    /// The memory freed since the last call by objects whose records are in the file or lost, in bytes.
    func takeFreedMemory() -> Int {
        defer { freed = 0 }
        return freed
    }

    /// - Parameter write: returns the memory that it freed, in bytes.
    private func rejecting(_ write: (inout PutRejects) throws(SystemError) -> Int) {
        // After a failure the file stays closed: a full disk does not recover during the run.
        guard var file = rejects.take() else { return }
        do {
            freed += try write(&file)
            rejects = consume file
        } catch {
            let unwritten = file.unwritten
            freed += file.uncopied.reduce(0) { $0 + $1.memory }
            stop(.system(error))
            for label in unwritten.labels { lost(label) }
            if unwritten.lines > 0, let rejectPath {
                run.report("\(unwritten.lines) rejected lines may be missing in \(rejectPath)")
            }
        }
    }
}
