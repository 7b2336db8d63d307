package import S3Core

/// What is known of an object that went wrong, and what becomes of it. A plain decision: no I/O.
package struct GetFailure {
    package enum Decision: Equatable {
        /// It is fetched again from its start.
        case again
        /// It is reported, in these words, and the run goes on.
        case report(S3Error)
        /// The run cannot go on.
        case stop(S3Error)
    }

    /// How often an object is fetched again that was damaged on its way, had another length than it was said to have,
    /// or was replaced meanwhile, as long as nothing of it was written.
    package static let maximumRestarts = 4

    /// As it came.
    package let error: S3Error
    /// An answer told before that it exists.
    package var wasAnswered = false
    /// Bytes of it that were written.
    package var writtenBytes = 0
    /// How often it was fetched again.
    package var restarts = 0
    /// A line was begun whose end does not come: no other object's may follow.
    package var isWithinLine = false
    /// The keys are the service's own.
    package var listsKeys = false
    /// Something was answered as S3 does.
    package var knowsService = false

    package init(_ error: S3Error) { self.error = error }

    package var decision: Decision {
        // An object that is shorter than its first answer said is another one, or that answer was wrong.
        let isShorter = error.kind == .rangeNotSatisfiable && wasAnswered
        // Where the service says so, as many attempts as are allowed were made.
        let isDamaged = error.kind == .damaged && error.code.isEmpty
        let isRestartable = error.kind == .preconditionFailed || isDamaged || isShorter
        if isRestartable, writtenBytes == 0, restarts < Self.maximumRestarts { return .again }
        let worded = worded
        // With nothing but refusals that are not S3's there is no S3.
        let isElsewhere = error.kind == .notS3 && error.status >= 300 && !knowsService
        return isWithinLine || isElsewhere || worded.stopsRun ? .stop(worded) : .report(worded)
    }

    /// What it means for a reader.
    private var worded: S3Error {
        var error = error
        switch error.kind {
        case .preconditionFailed where error.status == 412 || error.message.isEmpty:
            error.message = "the object was replaced while it was read"
        case .noSuchKey where wasAnswered:
            error.kind = .refused
            error.message = "the object was deleted while it was read"
        case .accessDenied where !listsKeys && error.mayMeanMissingKey:
            error.add("S3 says this of a missing key, too, if listing the bucket is not permitted")
        default: break
        }
        return error
    }
}
