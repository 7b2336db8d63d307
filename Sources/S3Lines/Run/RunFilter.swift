package import ByteIO
package import S3Core

/// The work of a tool between two waits. It handles keys, records and objects, but no descriptors.
package protocol RunFilter: AnyObject {
    /// Takes available input, starts requests, and writes output. Called after each wait, also if the run has
    /// received a signal or has to stop, which the filter must check.
    ///
    /// - Parameter input: the input read and not taken; empty unless a step has asked for input.
    /// - Returns: what to wait for.
    /// - Throws: the reason to stop the run; the next step may only finish what was started.
    func step(_ input: inout LineReader) throws(StopReason) -> RunStep

    /// Handles the first termination signal; a second one ends the process. `Run.signal` is set from now on.
    func take(signal: CInt, _ input: inout LineReader)

    /// Handles a failure to read the input.
    func inputFailed(_ error: SystemError)

    /// Whether the input taken measures the progress of the work.
    var isMeasuredByInput: Bool { get }
}

extension RunFilter {
    package func take(signal: CInt, _ input: inout LineReader) {}
    package func inputFailed(_ error: SystemError) {}
    package var isMeasuredByInput: Bool { false }
}

/// The result of a step.
package enum RunStep: Equatable, Sendable {
    /// Wait for a response or for output to be written; also for input if `input` is true, and for at most
    /// `milliseconds`.
    case wait(input: Bool = false, milliseconds: Int? = nil)
    /// Only queued output is left to be written. Later steps return the same; one of them follows after all
    /// output was written.
    case done
}

/// The event loop of a run, which handles requests and the run's descriptors.
package protocol RunService: AnyObject {
    /// The number of unfinished requests.
    var pending: Int { get }
    /// Called with messages that are not errors.
    var notice: ((String) -> Void)? { get set }
    /// The highest number of concurrent requests so far.
    var peakConnections: Int { get }
    /// Removes the secrets used in requests from a message.
    func redacted(_ text: String) -> String
    /// Ends a `turn`, from any thread.
    var wakeUp: @Sendable () -> Void { get }
    /// See `S3Client.turn`.
    func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool]
}

extension RunService {
    package var peakConnections: Int { 0 }

    /// Without requests there are no secrets to redact.
    package func redacted(_ text: String) -> String { text }
}

extension S3Client: RunService {}
