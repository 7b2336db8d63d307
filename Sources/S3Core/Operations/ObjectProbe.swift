import HTTPTransfer

/// Finds out how an object is stored when an intermediary compresses responses. There are two ways because
/// neither is reliable: HEAD, to which some intermediaries respond as if there were a body; and GET of one
/// byte, because a compressed response has no ranges, but some services ignore Range.
struct ObjectProbe: S3Operation {
    enum Way: Equatable, Sendable {
        case head, byte
    }

    static let name = "HeadObject"

    let key: [UInt8]
    let way: Way

    func request() -> S3Request {
        switch way {
        case .head: return S3Request(.head, key: key)
        case .byte:
            var request = S3Request(.get, key: key)
            request.headers = [HTTPHeader("range", "bytes=0-0")]
            return request
        }
    }

    mutating func received(_ bytes: RawSpan, head: HTTPResponseHead) -> Received {
        ObjectHead(head).isPartial ? .gather : .enough
    }

    func output(_ response: S3Response) throws(S3Error) -> ObjectHead { ObjectHead(response.head) }
}
