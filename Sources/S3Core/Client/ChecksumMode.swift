import HTTPTransfer

/// Whether the service accepts the header that requests checksums. Some services refuse requests that have
/// it. Such a request is sent once more without the header; if that succeeds, no later request has it.
struct ChecksumMode: Equatable, Sendable {
    static let field = HTTPHeader("x-amz-checksum-mode", "ENABLED")
    private static let name = [UInt8]("x-amz-checksum-mode".utf8)

    /// The state of one call.
    enum Asked: Equatable, Sendable {
        /// Its request does not have the header.
        case not
        case asks
        /// It was refused with the header and is sent without it.
        case asksNoMore
    }

    private var isRefused = false

    /// Removes the header if the service is known or suspected to refuse it.
    func prepare(_ headers: inout [HTTPHeader], _ asked: inout Asked) {
        guard let place = headers.firstIndex(where: { $0.isCalled(Self.name) }) else { return }
        if isRefused || asked == .asksNoMore { headers.remove(at: place) } else { asked = .asks }
    }

    /// Records a success response.
    mutating func succeeded(_ asked: Asked) {
        if asked == .asksNoMore { isRefused = true }
    }

    /// Records a refusal that would not be retried.
    ///
    /// - Returns: true if the request should be sent once more without the header. False if the error code
    ///   names another cause, such as the region or the clock.
    func refused(_ error: S3Error, _ asked: inout Asked) -> Bool {
        guard asked == .asks, !isRefused, error.status == 400 || error.status == 501,
            error.kind == .refused || error.kind == .notS3
        else { return false }
        asked = .asksNoMore
        return true
    }
}
