import ByteIO
import HTTPTransfer
import Digest
import Randomness
import S3Core
import S3Lines

/// A service in memory that responds in random order and in pieces of random size, and fails at random.
final class GetFakeStore: GetStore {
    private final class Call: GetCall {
        let key: [UInt8]
        let sink: any ObjectSink
        let head: HTTPResponseHead
        let body: [UInt8]
        let failure: S3Error?
        /// The number of body bytes before the failure.
        let end: Int
        var offset = 0
        var hasBegun = false
        var isPaused = false
        var isOver = false
        private(set) var isCancelled = false

        init(
            _ key: [UInt8], _ sink: any ObjectSink, _ head: HTTPResponseHead, _ body: [UInt8] = [],
            failure: S3Error?, end: Int = 0
        ) {
            self.key = key
            (self.sink, self.head, self.body, self.failure, self.end) = (sink, head, body, failure, end)
        }

        func resume() { isPaused = false }
        func cancel() { isCancelled = true }
        func endCancelled() { finish(S3Error(.cancelled, "cancelled")) }

        func finish(_ error: S3Error?) {
            guard !isOver else { return }
            isOver = true
            sink.ended(error)
        }
    }

    private var random: SplitMix64
    private var objects: [[UInt8]: [UInt8]]
    /// How often each object was replaced.
    private var versions: [[UInt8]: Int] = [:]
    /// Keys whose requests get no response for now.
    var held: Set<[UInt8]> = []
    private let failureRate: Double
    private let connections: Int
    /// Whether its responses have expensive checksums.
    private let hasHashes: Bool
    /// Whether these are those of other bytes.
    var hasWrongHashes = false
    private var calls: [Call] = []
    private(set) var requests: [GetRequest] = []
    private(set) var violations: [String] = []

    init(_ objects: [[UInt8]: [UInt8]], seed: UInt64, failureRate: Double, connections: Int, hasHashes: Bool)
    {
        self.objects = objects
        self.failureRate = failureRate
        self.connections = connections
        self.hasHashes = hasHashes
        random = SplitMix64(seed: seed)
    }

    /// Replaces an object by another version.
    func replace(_ key: [UInt8], by object: [UInt8]) {
        objects[key] = object
        versions[key, default: 0] += 1
    }

    /// Answers all requests but those of `held` keys.
    func answerAll() {
        while calls.contains(where: { !held.contains($0.key) && !$0.isPaused }) {
            _ = turn(waitingFor: [], milliseconds: 0)
        }
    }

    var pending: Int { calls.count }
    var freeConnections: Int { max(0, connections - calls.count) }
    var wakeUp: @Sendable () -> Void { {} }
    var notice: ((String) -> Void)?

    func fetch(_ request: GetRequest, _ sink: any ObjectSink) -> any GetCall {
        requests.append(request)
        if calls.count >= connections { violations.append("more requests than connections") }
        let call = answer(request, sink)
        calls.append(call)
        return call
    }

    private func answer(_ request: GetRequest, _ sink: any ObjectSink) -> Call {
        guard let object = objects[request.key] else {
            let head = HTTPResponseHead(status: 404)
            return Call(request.key, sink, head, failure: S3Error(.noSuchKey, "not there"))
        }
        let range = request.range ?? 0..<object.count
        if range.upperBound > object.count || range.isEmpty && request.range != nil {
            violations.append("range \(range) of \(object.count) bytes")
        }
        var headers = [
            HTTPHeader("etag", "\"e\(versions[request.key] ?? 0)\""),
            HTTPHeader("content-length", "\(range.count)"),
        ]
        if hasHashes, request.range == nil {
            let hashed = hasWrongHashes ? [] : object
            let hash = Base64.encode(MessageDigest.hash(hashed.bytes, .sha256))
            headers.append(HTTPHeader([UInt8]("x-amz-checksum-sha256".utf8), hash))
        }
        if request.range != nil {
            let text = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.count)"
            headers.append(HTTPHeader("content-range", text))
        }
        let head = HTTPResponseHead(status: request.range == nil ? 200 : 206, headers: headers)
        let body = Array(object[range])
        let fails = Double.random(in: 0..<1, using: &random) < failureRate
        let failure = fails ? S3Error(.connectionLost, "at random") : nil
        let end = fails ? Int.random(in: 0...body.count, using: &random) : body.count
        return Call(request.key, sink, head, body, failure: failure, end: end)
    }

    func list(
        _ operation: ListObjectsV2, _ completion: @escaping (Result<ListObjectsV2.Page, S3Error>) -> Void
    ) { violations.append("a list, where keys are given") }

    func cancelAll() {
        for call in calls { call.cancel() }
        calls.removeAll()
    }

    func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        for call in calls where call.isCancelled { call.endCancelled() }
        for call in calls.shuffled(using: &random) where Bool.random(using: &random) { goOn(call) }
        calls.removeAll(where: \.isOver)
        var polled = descriptors.map(\.request)
        unsafe poll(&polled, UInt(polled.count), calls.isEmpty ? 2 : 0)
        return polled.map { $0.revents != 0 }
    }

    private func goOn(_ call: Call) {
        guard !call.isOver, !call.isPaused, !held.contains(call.key) else { return }
        if !call.hasBegun, call.head.status < 300 {
            call.hasBegun = true
            guard call.sink.began(ObjectHead(call.head)) else { return call.endCancelled() }
        }
        guard call.offset < call.end else { return call.finish(call.failure) }
        let count = min(call.end - call.offset, Int.random(in: 1...700, using: &random))
        let piece = Array(call.body[call.offset..<call.offset + count])
        switch call.sink.received(piece.bytes) {
        case .taken, .gather: call.offset += count
        case .pause: call.isPaused = true
        case .enough: call.finish(nil)
        case .cancel: call.endCancelled()
        }
    }
}
