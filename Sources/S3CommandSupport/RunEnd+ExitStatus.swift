import ByteIO
package import CommandSupport
import S3Core
package import S3Lines

extension RunEnd {
    /// Ends the process by a signal if the shell expects that for this end of a run; otherwise returns the
    /// exit status. Errors have been reported already.
    ///
    /// - Parameter ignoresPipeSignal: whether SIGPIPE was ignored when the process started; then a closed
    ///   pipe is an error like any other.
    package func exitStatus(ignoresPipeSignal: Bool) throws(ToolFailure) -> ExitStatus {
        switch self {
        case .complete: return .success
        case .someFailed: return .partialFailure
        case .someMissing: return .noInput
        case .someMalformed: return .malformedInput
        case .stopped(let reason): return ToolFailure(reason).status
        case .signal(let signal): SignalPipe.endProcess(by: signal)
        case .outputClosed:
            guard ignoresPipeSignal else { SignalPipe.endProcess(by: SIGPIPE) }
            throw ToolFailure(SystemError("standard output", code: EPIPE))
        }
    }
}

extension ToolFailure {
    package init(_ reason: StopReason) {
        switch reason {
        case .malformed: self.init(.malformedInput, reason.description)
        case .service(let error, _): self.init(ExitStatus(error), reason.description)
        case .system(let error): self.init(error)
        }
    }
}
