import ByteIO
import S3Core

/// What comes of records and objects, as the run counts and tells it and as the file of rejected records has it; and
/// whether the run can go on.
final class PutOutcomes {
    private let run: Run
    private let rejectPath: String?
    private let cancelUnsent: () -> Void
    private var rejects: PutRejects?
    /// The memory of objects that were rejected since it was last asked for, in bytes.
    private var freed = 0

    /// - Parameter cancelUnsent: called once no further request can do better than the one that failed.
    /// - Throws: if the file of rejected records cannot be opened.
    init(_ options: PutOptions, run: Run, cancelUnsent: @escaping () -> Void) throws(SystemError) {
        self.run = run
        self.cancelUnsent = cancelUnsent
        rejectPath = options.rejectPath
        run.counts.lines = 0
        if let rejectPath { rejects = try PutRejects(rejectPath) }
    }

    /// The run ends as soon as what is complete is finished.
    var hasStopped: Bool { run.stopReason != nil }

    func took(bytes: Int) { run.counts.bytes += bytes }
    func took(lines: Int) { run.counts.lines? += lines }

    // MARK: what goes wrong

    /// Ends the run as soon as what is complete is finished.
    func stop(_ reason: StopReason) {
        let isFirst = !hasStopped
        run.stop(reason)
        if isFirst, case .service(let error, _) = reason, error.stopsRun { cancelUnsent() }
    }

    /// An object will not be stored.
    func failed(_ draft: PutDraft, _ error: S3Error) {
        run.failed += 1
        if !hasStopped, !keepsRejects || error.stopsRun {
            stop(.service(error, context: draft.label))
        } else {
            run.report("\(draft.label): \(error)")
        }
    }

    /// An object was not complete when the run ended.
    func abandoned(_ draft: PutDraft, _ error: S3Error) {
        run.failed += 1
        let wasBegun = draft.recordBytes + draft.openRecordBytes > 0
        if !run.endsQuietly, wasBegun { run.report("\(draft.label): \(error)") }
    }

    /// An upload was left, for this reason; nil is an id that was not learned.
    func orphaned(_ draft: PutDraft, upload id: [UInt8]?, _ error: S3Error) {
        let upload =
            id.map {
                "upload \(Diagnostics.printable($0)) "
                    + (error.mayBeUnderWay
                        ? "is left as it is, since the service may still complete it"
                        : error.status > 0
                            ? "is not aborted, its parts remain"
                            : "may not be aborted, its parts may remain")
            } ?? "an upload may have been started whose id is not known"
        run.report("\(Diagnostics.printable(draft.key)): \(upload): \(error)")
    }

    /// A record that is none; `error` says why.
    ///
    /// - Returns: whether its bytes are wanted, for the file of rejected records.
    func malformed(line: Int, _ error: String) -> Bool {
        guard keepsRejects else {
            stop(.malformed("line \(line): \(error)"))
            return false
        }
        run.failed += 1
        run.report("line \(line): \(error)")
        return true
    }

    /// A last record whose end never came.
    func unterminated(line: Int) {
        run.failed += 1
        run.report("line \(line): the input ended inside this record; it is not stored")
    }

    /// A record that did not come to its end before the run did.
    func cutOff(line: Int) {
        run.failed += 1
        if !run.endsQuietly {
            run.report("line \(line): the record was not read completely and is lost")
        }
    }

    // MARK: rejects

    /// Whether what is not stored goes to a file.
    var keepsRejects: Bool { rejects != nil }

    /// Whether what was rejected is still being copied to the file: meanwhile nothing more is taken.
    var isRejecting: Bool { rejects?.isUnderWay ?? false }

    /// The records of an object that was rejected could not be kept.
    func lost(_ label: String) {
        if let rejectPath { run.report("\(label): its records are not in \(rejectPath)") }
    }

    /// Writes the records of an object that failed, or the first of them, if they are much.
    ///
    /// - Returns: whether they are kept until `takeFreedMemory` tells.
    func reject(_ object: PutRejected) -> Bool {
        guard keepsRejects else { return false }
        rejecting { rejects throws(SystemError) in
            rejects.append(object)
            return try rejects.step()
        }
        return true
    }

    /// Writes bytes of a line that is no record, or not stored.
    func reject(_ bytes: RawSpan, endsLine: Bool) {
        rejecting { rejects throws(SystemError) in
            try rejects.append(bytes, endsLine: endsLine)
            return 0
        }
    }

    /// Writes what was rejected out to the file, or some of it, if it is much.
    func writeRejects() {
        rejecting { rejects throws(SystemError) in
            let released = try rejects.step()
            try rejects.flush()
            return released
        }
    }

    /// The memory of objects that were rejected and are in the file, or lost, since the last time; in bytes.
    func takeFreedMemory() -> Int {
        defer { freed = 0 }
        return freed
    }

    /// - Parameter write: returns the memory that it has made free.
    private func rejecting(_ write: (inout PutRejects) throws(SystemError) -> Int) {
        // After a failure it stays closed: the disk does not become larger.
        guard var file = rejects.take() else { return }
        do {
            freed += try write(&file)
            rejects = consume file
        } catch {
            let unwritten = file.unwritten
            stop(.system(error))
            for object in unwritten {
                freed += object.memory
                lost(object.label)
            }
        }
    }
}
