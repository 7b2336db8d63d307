package import S3Core

/// Decides what to do about a failed object. No I/O.
package struct GetFailure {
    package enum Decision: Equatable {
        /// Fetch it again from its start.
        case again
        /// Report this error and continue the run.
        case report(S3Error)
        /// Stop the run.
        case stop(S3Error)
    }

    /// How often an object is fetched again that was damaged, had an unexpected length or was replaced, as
    /// long as none of it was written.
    package static let maximumRestarts = 4

    /// The error as the request reported it.
    package let error: S3Error
    /// Whether an earlier response showed that the object exists.
    package var wasAnswered = false
    /// Bytes of the object that were written.
    package var writtenBytes = 0
    /// How often it was fetched again.
    package var restarts = 0
    /// Whether part of a line was written whose end cannot follow: no other object may be written after it.
    package var isWithinLine = false
    /// Whether the keys come from a listing of the bucket.
    package var listsKeys = false
    /// Whether the server has ever responded as S3 does.
    package var knowsService = false

    package init(_ error: S3Error) { self.error = error }

    package var decision: Decision {
        // If an object is shorter than its first response said, it was replaced, or that response was wrong.
        let isShorter = error.kind == .rangeNotSatisfiable && wasAnswered
        // If the service reports the damage itself, the request was retried as often as allowed.
        let isDamaged = error.kind == .damaged && error.code.isEmpty
        let isRestartable = error.kind == .preconditionFailed || isDamaged || isShorter
        if isRestartable, writtenBytes == 0, restarts < Self.maximumRestarts { return .again }
        let worded = worded
        // If the server has only sent errors that S3 does not send, it is not S3.
        let isElsewhere = error.kind == .notS3 && error.status >= 300 && !knowsService
        return isWithinLine || isElsewhere || worded.stopsRun ? .stop(worded) : .report(worded)
    }

    /// The error, with its meaning for a reader of objects.
    private var worded: S3Error {
        var error = error
        switch error.kind {
        case .preconditionFailed where error.status == 412 || error.message.isEmpty:
            error.message = "the object was replaced while it was read"
        case .noSuchKey where wasAnswered:
            error.kind = .refused
            error.message = "the object was deleted while it was read"
        case .accessDenied where !listsKeys && error.mayMeanMissingKey:
            error.add("S3 answers this for a missing key, too, if listing the bucket is not permitted")
        default: break
        }
        return error
    }
}
