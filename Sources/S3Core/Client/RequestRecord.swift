/// One ended request, as `--verbose` shows it.
package struct RequestRecord: Sendable {
    package let operation: String
    /// The HTTP method, such as `PUT`.
    package let method: String
    package let key: [UInt8]?
    /// The request's Range header; nil if it has none.
    package let range: String?
    /// The HTTP status; 0 if there was no response.
    package let status: Int
    /// 1 for the first one.
    package let attempt: Int
    package let microseconds: Int
    /// The error and the decision about it; also the limit of concurrent requests while it is reduced.
    package let remark: String
}

/// The remarks on an attempt.
extension AttemptPolicy {
    /// The remark on a success.
    var remark: String { isNarrowed ? "at most \(limit) requests at once" : "" }

    /// Describes a failure and the decision about it.
    func remark(_ failure: S3Error, _ decision: Decision) -> String {
        let reason = failure.code.isEmpty ? failure.message : failure.code
        switch decision {
        case .giveUp(let error): return error.kind == .cancelled ? "cancelled" : "\(reason); giving up"
        case .retry(let delay):
            return "\(reason); retry in \(delay) ms, at most \(limit) requests at once"
        case .signAgain:
            let offset =
                signing.clockOffsetSeconds == 0 ? "" : ", clock \(signing.clockOffsetSeconds) s ahead"
            return "\(reason); retry signed for region \(signing.region)\(offset)"
        }
    }
}
