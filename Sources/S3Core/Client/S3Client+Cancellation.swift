import HTTPTransfer

/// Ends calls before their responses.
extension S3Client {
    /// Cancels all calls.
    package func cancelAll() { for call in schedule.all { cancel(call) } }

    /// The run is about to end: cleanup calls get three attempts. Cleanup calls, and cancelled calls that
    /// wait for a response, have five seconds.
    package func hurry() { schedule.hurry() }

    /// Cancels calls that wait for their first attempt or a retry, except cleanup calls.
    package func cancelUnsent() { for call in schedule.cancellable { cancel(call) } }

    /// Cancels the calls whose time is over after `hurry`.
    func cancelOverdue(now: Int) { for call in schedule.overdue(now: now) { cancelOverdue(call) } }

    func cancelOverdue(_ call: S3Call) {
        call.isOverdue = call.transfer != nil
        cancel(call)
    }

    func cancelUnlessSent(_ call: S3Call) {
        schedule.makeLastAttempt(call.id)
        if !schedule.isSent(call.id) { cancel(call) }
    }

    func cancel(_ call: S3Call) {
        if let transfer = call.transfer {
            // The attempt may have ended already, with an error that the loop has not handed out yet.
            schedule.makeLastAttempt(call.id)
            return loop.cancel(transfer)
        }
        guard !call.isOver, schedule[call.id] != nil else { return }
        schedule.remove(call.id)
        later { [self] in finish(call, cancellation(of: call)) }
    }

    private func cancellation(of call: S3Call) -> S3Error {
        var error = S3Error(.cancelled, "cancelled")
        error.operation = call.operationName
        error.attempts = max(1, call.history.failures)
        error.mayHaveBeenApplied = call.history.mayHaveBeenApplied
        error.isUnanswered = call.history.isUnanswered
        return stated(error, call)
    }

    /// Adds to the error of a cancelled request why it was cancelled, and that its effect is unknown, if the
    /// service may have applied it.
    func stated(_ error: S3Error, _ call: S3Call) -> S3Error {
        guard error.kind == .cancelled else { return error }
        var error = error
        if call.isOverdue {
            error.message = "no response within \(CallSchedule<S3Call>.hurriedMilliseconds / 1000) s"
        }
        if error.mayHaveBeenApplied, call.method != .get, call.method != .head {
            error.message += ", state unknown"
        }
        return error
    }
}
