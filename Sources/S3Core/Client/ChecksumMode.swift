import HTTPTransfer

/// Whether the service takes the header field that asks for checksums. Some refuse requests that have it: such a
/// request is sent once more without it, and if that is answered well, no other has it from then on.
struct ChecksumMode: Equatable, Sendable {
    static let field = HTTPHeader("x-amz-checksum-mode", "ENABLED")
    private static let name = [UInt8]("x-amz-checksum-mode".utf8)

    /// What one call knows.
    enum Asked: Equatable, Sendable {
        /// Its request has no such field.
        case not
        case asks
        /// It was refused with the field, and was sent without.
        case asksNoMore
    }

    private var isRefused = false

    /// Takes the field out where it is known, or suspected, to be refused.
    func prepare(_ headers: inout [HTTPHeader], _ asked: inout Asked) {
        guard let place = headers.firstIndex(where: { $0.isCalled(Self.name) }) else { return }
        if isRefused || asked == .asksNoMore { headers.remove(at: place) } else { asked = .asks }
    }

    /// An attempt was answered well.
    mutating func succeeded(_ asked: Asked) {
        if asked == .asksNoMore { isRefused = true }
    }

    /// An attempt was refused for good.
    ///
    /// - Returns: true if the request is to be sent once more, without the field: not where the service's code says
    ///   what else is wrong, as with a region or a time.
    func refused(_ error: S3Error, _ asked: inout Asked) -> Bool {
        guard asked == .asks, !isRefused, error.status == 400 || error.status == 501,
            error.kind == .refused || error.kind == .notS3
        else { return false }
        asked = .asksNoMore
        return true
    }
}
