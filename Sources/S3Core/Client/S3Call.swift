import ByteIO
package import HTTPTransfer

/// One running operation, from its first attempt to its outcome.
///
/// The client keeps a reference until the call has ended. The code that started it needs one only to pause,
/// resume or cancel it.
package class S3Call: TransferReceiver {
    unowned let client: S3Client
    let method: HTTPMethod
    /// The object's key; nil for operations on the bucket.
    package let key: [UInt8]?
    let operationName: String
    /// Its ID in the client's schedule.
    var id = CallID()
    /// The state of earlier attempts.
    var history = AttemptHistory()
    /// Whether it requests checksums, which a service may refuse.
    var checksumMode = ChecksumMode.Asked.not
    /// The body's hash, the same for each attempt.
    var payloadHash: [UInt8]?
    /// The Range header of the current attempt; set only if requests are logged.
    var range: HTTPHeader?
    /// The size of the last attempt's body.
    var sentBytes = 0
    /// The transfer of the current attempt.
    var transfer: TransferID?
    fileprivate(set) var isOver = false
    /// It was cancelled because the service did not respond in time after `S3Client.hurry`.
    var isOverdue = false
    /// The body exceeds the limit of a gathered response.
    private(set) var isTooLarge = false
    private var gathered: [UInt8] = []
    /// This attempt's transfer was cancelled here because enough of the response had arrived.
    private(set) var hasEnough = false

    fileprivate init(client: S3Client, method: HTTPMethod, key: [UInt8]?, name: String) {
        self.client = client
        self.method = method
        self.key = key
        operationName = name
    }

    /// Resumes, in the next turn, a call whose operation has returned `Received.pause`.
    package func resume() { client.resume(self) }

    /// Ends the call. In the next turn its completion gets `S3Error.Kind.cancelled`, or the outcome of an
    /// attempt that has ended already, unless it was called before. No further attempt is made.
    package func cancel() { client.cancel(self) }

    /// Ends the call, unless its request is in flight: then the call waits for that attempt's response, and
    /// makes no further attempt.
    package func cancelUnlessSent() { client.cancelUnlessSent(self) }

    // The subclass overrides these.
    func request() -> S3Request { preconditionFailure("a call has an operation") }
    var progress: Int { 0 }
    func failure(_ error: S3Error) -> S3Error { error }
    func take(_ bytes: RawSpan, head: HTTPResponseHead) -> Received { .gather }
    func evaluate(_ response: S3Response) -> S3Error? { nil }
    func deliver(_ error: S3Error?) {}

    /// Ends the call with `error`, or with the output of `evaluate`.
    final func end(_ error: S3Error?) {
        guard !isOver else { return }
        isOver = true
        deliver(error)
    }

    // MARK: the transfer of one attempt

    final func beginAttempt() {
        if !gathered.isEmpty { gathered.removeAll() }
        isTooLarge = false
        hasEnough = false
    }

    package final func received(_ bytes: RawSpan, head: HTTPResponseHead) -> ReceiveFlow {
        let isSuccess = (200..<300).contains(head.status)
        switch isSuccess ? take(bytes, head: head) : .gather {
        case .taken: return .more
        case .pause:
            client.paused(self)
            return .pause
        case .enough:
            hasEnough = true
            return .cancel
        case .cancel: return .cancel
        case .gather:
            let limit = isSuccess ? S3Client.maximumGatheredSize : ErrorDocument.maximumSize
            let room = min(bytes.byteCount, limit - gathered.count)
            if gathered.isEmpty, let length = head.number("content-length") {
                // A little more than a page of a listing. Larger bodies grow the array.
                gathered.reserveCapacity(min(length, 1 << 19))
            }
            unsafe bytes.extracting(first: room).withUnsafeBytes { unsafe gathered.append(contentsOf: $0) }
            guard room < bytes.byteCount else { return .more }
            // The first bytes of an error document suffice, but a success response must be complete.
            if isSuccess { isTooLarge = true } else { hasEnough = true }
            return .cancel
        }
    }

    package final func ended(_ result: TransferResult) {
        transfer = nil
        client.attemptEnded(self, result, body: gathered)
    }
}

/// The call of one kind of operation.
final class OperationCall<Operation: S3Operation>: S3Call {
    private var operation: Operation
    /// The request of the first attempt, made in `init` to get method and key.
    private var firstRequest: S3Request?
    private var output: Operation.Output?
    private let completion: (Result<Operation.Output, S3Error>) -> Void

    init(
        _ operation: Operation, client: S3Client,
        completion: @escaping (Result<Operation.Output, S3Error>) -> Void
    ) {
        var operation = operation
        let request = operation.request()
        self.operation = operation
        self.completion = completion
        firstRequest = request
        super.init(client: client, method: request.method, key: request.key, name: Operation.name)
    }

    override func request() -> S3Request {
        guard let request = firstRequest else { return operation.request() }
        firstRequest = nil
        return request
    }
    override var progress: Int { operation.progress }
    override func failure(_ error: S3Error) -> S3Error { operation.failure(error) }
    override func take(_ bytes: RawSpan, head: HTTPResponseHead) -> Received {
        operation.received(bytes, head: head)
    }

    override func evaluate(_ response: S3Response) -> S3Error? {
        do {
            output = try operation.output(response)
            return nil
        } catch { return error }
    }

    override func deliver(_ error: S3Error?) {
        if let error {
            completion(.failure(error))
        } else if let output {
            completion(.success(output))
        }
    }
}

/// A call of GetObject; it reports to the operation's sink.
///
/// Not an `OperationCall`: a generic class dispatches through tables that are looked up at run time, which is
/// too slow for thousands of small objects a second.
final class GetObjectCall: S3Call {
    private var operation: GetObject

    init(_ operation: GetObject, client: S3Client) {
        self.operation = operation
        self.operation.isDirect = client.isDirect
        super.init(client: client, method: .get, key: operation.key, name: GetObject.name)
    }

    override func request() -> S3Request { operation.request() }
    override var progress: Int { operation.progress }
    override func failure(_ error: S3Error) -> S3Error { operation.failure(error) }
    override func take(_ bytes: RawSpan, head: HTTPResponseHead) -> Received {
        let received = operation.received(bytes, head: head)
        client.events += 1
        probeNext()
        return received
    }

    /// Sends the request whose response the operation needs before its paused transfer can continue.
    private func probeNext() {
        guard !isOver, let probe = operation.nextProbe() else { return }
        client.performFirst(probe) { [weak self] result in
            self?.operation.probed(result)
            self?.probeNext()
            self?.resume()
        }
    }

    override func evaluate(_ response: S3Response) -> S3Error? {
        do {
            _ = try operation.output(response)
            return nil
        } catch { return error }
    }

    override func deliver(_ error: S3Error?) { operation.sink.ended(error) }
}
