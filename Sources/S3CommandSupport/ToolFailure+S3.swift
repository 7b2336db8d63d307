package import CommandSupport
package import S3Core

extension ExitStatus {
    /// The exit status of a run that ends with `error`.
    package init(_ error: S3Error) {
        self =
            switch error.kind {
            case .noSuchBucket, .noSuchKey: .noInput
            case .accessDenied, .credentialsRefused, .clockSkewed: .noPermission
            case .throttled, .timedOut: .tryAgain
            case .unreachable, .untrusted, .connectionLost, .serverFailed: .unavailable
            case .notS3, .damaged: .protocolViolation
            case .configuration, .wrongRegion: .configuration
            case .noSuchUpload, .preconditionFailed, .conflict, .rangeNotSatisfiable, .cancelled, .refused:
                .partialFailure
            }
    }
}

extension ToolFailure {
    /// Configuration errors are 78, missing credentials 77.
    package init(_ error: ConfigurationError) {
        switch error {
        case .invalid(let text): self.init(.configuration, text)
        case .missingCredentials(let text): self.init(.noPermission, text)
        }
    }

    /// The failure of a run that ends with `error`.
    package init(_ error: S3Error) { self.init(ExitStatus(error), error.description) }
}
