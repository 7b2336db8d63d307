import HTTPTransfer

/// Asks how an object is stored, past what compresses answers on the way. Two ways, since neither is sure: HEAD, which
/// some things on the way treat as if there were a body; and GET of one byte, since what is made on the way has no
/// ranges, which some services ignore.
struct AskForObject: S3Operation {
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
