package import ByteIO

/// The exit status of a tool. Source: sysexits(3).
package enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Everything was done.
    case success = 0
    /// Some records or objects failed and were reported; the rest was done.
    case partialFailure = 1
    /// An unknown option, or options that exclude each other.
    case usage = 64
    /// Malformed input.
    case malformedInput = 65
    /// The bucket, object, key or input file does not exist.
    case noInput = 66
    /// The service could not be reached, or still failed after all retries.
    case unavailable = 69
    /// Reading standard input, writing standard output or a local file failed.
    case inputOutput = 74
    /// Throttled or timed out after all retries: try again later.
    case tryAgain = 75
    /// The server's response is not S3.
    case protocolViolation = 76
    /// Credentials are missing, expired or rejected, or access is denied.
    case noPermission = 77
    /// An invalid environment variable, profile or endpoint.
    case configuration = 78

    /// Ends the process with this status.
    package func endProcess() -> Never { exit(rawValue) }
}

/// Why a tool cannot continue: one message and the exit status.
package struct ToolFailure: Error, Equatable, Sendable {
    /// The exit status.
    package let status: ExitStatus
    /// `context: what happened`, without the tool's name and without a newline.
    package let message: String

    package init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// A failed read or write is 74, an input file that does not exist 66.
    package init(_ error: SystemError) {
        self.init(error.isMissingInput ? .noInput : .inputOutput, error.description)
    }
}
