import ByteIO
import HTTPTransfer
import Testing

@testable import S3Core

/// What ends a turn of the client, and what does not.
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

    func client() throws -> S3Client {
        let environment = Environment([
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(port)", "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
        ])
        return try S3Client(S3Configuration(S3Settings(), environment: environment), bucket: "bucket")
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
