package import ByteIO
package import S3Core

/// What a tool does between two waits. It knows keys, records and objects, and no descriptors.
package protocol RunFilter: AnyObject {
    /// Takes what there is of the input, asks the service, and writes what is due. Called again after each wait, also
    /// when the run has a signal or a reason to stop, which the filter has to look at.
    ///
    /// - Parameter input: what was read and not taken; nothing, unless a step has asked for it.
    /// - Returns: what to wait for.
    /// - Throws: why the run stops; the next step may only end what was begun.
    func step(_ input: inout LineReader) throws(StopReason) -> RunStep

    /// The first signal has come; the next one would end the process. `Run.signal` tells it from now on.
    func take(signal: CInt, _ input: inout LineReader)

    /// The input cannot be read any further.
    func inputFailed(_ error: SystemError)

    /// Whether the work is done to the extent that the input was taken.
    var isMeasuredByInput: Bool { get }
}

extension RunFilter {
    package func take(signal: CInt, _ input: inout LineReader) {}
    package func inputFailed(_ error: SystemError) {}
    package var isMeasuredByInput: Bool { false }
}

/// What a step ends with.
package enum RunStep: Equatable, Sendable {
    /// The next step follows an answer, or what was written; also more input, if it is wanted, and these
    /// milliseconds, if there are any.
    case wait(input: Bool = false, milliseconds: Int? = nil)
    /// Nothing is left but that standard output takes what was written. Steps that follow say the same; the last one
    /// comes after all of it was taken.
    case done
}

/// What a run waits in: requests, and the descriptors of the run with them.
package protocol RunService: AnyObject {
    /// How many requests have not ended.
    var pending: Int { get }
    /// Told what is not an error yet, but worth to know.
    var notice: ((String) -> Void)? { get set }
    /// The most requests that were under way at once.
    var peakConnections: Int { get }
    /// A message without the secrets that requests were made with.
    func redacted(_ text: String) -> String
    /// Ends a `turn`, from any thread.
    var wakeUp: @Sendable () -> Void { get }
    /// `S3Client.turn`.
    func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool]
}

extension RunService {
    package var peakConnections: Int { 0 }

    /// Nothing is sent, so nothing comes back.
    package func redacted(_ text: String) -> String { text }
}

extension S3Client: RunService {}
