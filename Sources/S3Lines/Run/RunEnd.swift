package import ByteIO
package import S3Core

/// How a run ended. Failures have been reported already.
package enum RunEnd: Equatable, Sendable {
    /// Everything was done.
    case complete
    /// Some records or objects failed; the rest was done.
    case someFailed
    /// The only failures are keys that do not exist.
    case someMissing
    /// The only failures are listed keys that no object can be addressed by.
    case someMalformed
    /// The run could not continue; the reason was reported when it occurred.
    case stopped(StopReason)
    /// A signal ended the run; the complete objects are done.
    case signal(CInt)
    /// The reader of standard output has closed it.
    case outputClosed
}

/// Why a run could not continue.
package enum StopReason: Error, Equatable, Sendable {
    /// The input is invalid; the text says where and why.
    case malformed(String)
    /// The service failed, or denied something essential. `context` is the key, if there is one.
    case service(S3Error, context: String?)
    /// A local read or write failed.
    case system(SystemError)
}

extension StopReason: CustomStringConvertible {
    /// The message, without the tool's name.
    package var description: String {
        switch self {
        case .malformed(let text): text
        case .service(let error, let context): (context.map { $0 + ": " } ?? "") + error.description
        case .system(let error): error.description
        }
    }
}
