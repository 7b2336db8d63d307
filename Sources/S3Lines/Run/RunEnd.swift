package import ByteIO
package import S3Core

/// How a run of a tool that moves lines came to its end. What failed on the way was reported already.
package enum RunEnd: Equatable, Sendable {
    /// Everything was done.
    case complete
    /// Some records or objects failed, the rest was done.
    case someFailed
    /// Nothing failed but that some keys do not exist.
    case someMissing
    /// Nothing failed but that a list has keys which cannot be an object's.
    case someMalformed
    /// The run could not go on; this was reported when it happened, before what came of it.
    case stopped(StopReason)
    /// This signal asked for the end; what was complete is done.
    case signal(CInt)
    /// The reader of standard output has gone.
    case outputClosed
}

/// Why a run could not go on.
package enum StopReason: Error, Equatable, Sendable {
    /// The input is not what it should be; the text says where and why.
    case malformed(String)
    /// The service failed, or refused what nothing else can replace. `context` names the key, if there is one.
    case service(S3Error, context: String?)
    /// Reading or writing failed here.
    case system(SystemError)
}

extension StopReason: CustomStringConvertible {
    /// What a message says, without the tool's name.
    package var description: String {
        switch self {
        case .malformed(let text): text
        case .service(let error, let context): (context.map { $0 + ": " } ?? "") + error.description
        case .system(let error): error.description
        }
    }
}
