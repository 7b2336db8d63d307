import ByteIO
import Testing

@testable import HTTPTransfer
@testable import S3Core

/// What ends a turn of the client or a call in flight, and what does not.
@Suite(.serialized, .timeLimit(.minutes(1))) struct S3ClientTurnTests {
    @Test func activityOnAConnectionAloneDoesNotEndATurn() throws {
        let pieces = ["HTTP/1.1 200 OK\r\n", "ETag: \"e\"\r\n", "Content-Length: 0\r\n", "\r\n"]
        try answering(pieces) { client in
            var isDone = false
            client.perform(HeadBucket()) { _ in isDone = true }
            _ = client.turn()
            #expect(isDone)
        }
    }

    @Test func bytesOfAnObjectEndATurn() throws {
        let head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 8\r\n\r\n"
        try answering([head, "half"]) { client in
            let sink = Sink()
            let call = client.perform(GetObject(key: [0x6B], sink: sink))
            // The rest never comes.
            while sink.count < 4 { _ = client.turn() }
            #expect(sink.count == 4 && !sink.hasEnded)
            call.cancel()
            while !sink.hasEnded { _ = client.turn() }
        }
    }

    @Test func anotherThreadEndsATurn() throws {
        try answering([]) { client in
            client.perform(HeadBucket()) { _ in }
            let wakeUp = client.wakeUp
            wakeUp()
            // Nothing is answered.
            _ = client.turn()
            #expect(client.pending == 1)
            client.cancelAll()
            while client.pending > 0 { _ = client.turn() }
        }
    }

    // MARK: the end of a call in flight

    /// The attempt had ended before it was cancelled, and its end is handed out later.
    @Test func aCancelledCallIsNotRetried() throws {
        let server = try LocalServer()
        let client = try server.client()
        for isCancelled in [false, true] {
            var isDone = false
            let call = client.perform(HeadBucket()) { _ in isDone = true }
            try send(call, client)
            if isCancelled { call.cancel() }
            end(call, status: 503)
            #expect(isDone == isCancelled)
        }
    }

    /// These refusals are otherwise followed by another attempt, which does not count as a retry.
    @Test(arguments: ["ExpiredToken", "InvalidArgument"])
    func aCallThatMayNotBeSentAgainIsNot(code: String) throws {
        let server = try LocalServer()
        let client = try server.client([:])
        client.renewal.found(expiration: nil, now: .now)
        client.policy.renewed(generation: client.renewal.generation)
        for isLast in [true, false] {
            let sink = Sink()
            let call = client.perform(GetObject(key: [0x6B], asksForChecksum: true, sink: sink))
            try send(call, client)
            if isLast { call.cancelUnlessSent() }
            end(call, status: 400, "<Error><Code>\(code)</Code></Error>")
            #expect(sink.hasEnded == isLast)
        }
    }

    @Test func aCancelledCallTellsWhy() throws {
        let server = try LocalServer()
        let client = try server.client()
        var messages: [String] = []
        for isOverdue in [false, true] {
            let call = client.perform(HeadBucket()) {
                if case .failure(let error) = $0 { messages.append(error.message) }
            }
            try send(call, client)
            if isOverdue { client.cancelOverdue(call) } else { call.cancel() }
            while client.pending > 0 { _ = client.turn() }
        }
        #expect(messages == ["cancelled", "no response within 5 s"])
    }

    private func send(_ call: S3Call, _ client: S3Client) throws {
        _ = client.turn(milliseconds: 0)
        try #require(call.transfer != nil)
    }

    /// Ends the call's attempt as if this response had arrived.
    private func end(_ call: S3Call, status: Int, _ body: String = "") {
        let head = HTTPResponseHead(status: status)
        let bytes = [UInt8](body.utf8)
        _ = call.received(bytes.bytes, head: head)
        call.ended(TransferResult(head: head, error: nil, bytesReceived: bytes.count, microseconds: 0))
    }

    /// - Parameter pieces: what is sent apart, of one response; then nothing more.
    private func answering(_ pieces: [String], _ body: (S3Client) throws -> Void) throws {
        let server = try LocalServer()
        let pool = WorkPool(threads: 1, wakeUp: {})
        pool.submit(Work { server.answer(pieces) }) {}
        try body(try server.client())
        // The connection is closed, which ends the other thread.
        withExtendedLifetime(pool) {}
    }
}

private final class Sink: ObjectSink {
    var count = 0
    var hasEnded = false

    func began(_ head: ObjectHead) -> Bool { true }

    func received(_ bytes: RawSpan) -> Received {
        count += bytes.byteCount
        return .taken
    }

    func ended(_ error: S3Error?) { hasEnded = true }
}

/// Answers one request on 127.0.0.1.
private final class LocalServer: Sendable {
    private let listener: CInt
    private let port: Int

    init() throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isReady = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        try #require(isReady)
    }

    func client(
        _ keys: [String: String] = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"]
    ) throws -> S3Client {
        let variables = keys.merging(["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(port)"]) { $1 }
        let configuration = try S3Configuration(S3Settings(), environment: Environment(variables))
        return try S3Client(configuration, bucket: "bucket")
    }

    /// Sends the pieces of a response apart, and waits until the client has gone.
    func answer(_ pieces: [String]) {
        let client = accept(listener, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        _ = unsafe recv(client, &buffer, buffer.count, 0)
        for piece in pieces {
            _ = unsafe send(client, piece, piece.utf8.count, CInt(MSG_NOSIGNAL))
            usleep(20_000)
        }
        while isThere(client) {}
        close(client)
    }

    /// False once there is nothing more to be read.
    private func isThere(_ client: CInt) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        return unsafe recv(client, &buffer, buffer.count, 0) > 0
    }

    deinit { close(listener) }
}
