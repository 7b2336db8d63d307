import ByteIO
import Testing

@testable import HTTPTransfer

/// The errors of transfers whose peer misbehaves. The time limits of the options are one second here.
@Suite(.serialized) struct TransferLoopTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

    @Test func aCompleteResponseSucceeds() throws {
        let result = try run([.readHead, .send(Self.ok + "12345"), .waitForEnd])
        #expect(result.error == nil && result.head.status == 200 && result.bytesReceived == 5)
    }

    @Test(arguments: [
        [ScriptedServer.Step.readHead, .waitForEnd],
        [.readHead, .send(ok), .waitForEnd],
        [.readHead, .send(ok + "123"), .waitForEnd],
        [.readHead, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na"), .waitForEnd],
    ])
    func aStalledResponseTimesOut(script: [ScriptedServer.Step]) throws {
        let result = try run(script)
        #expect(result.error?.kind == .stalled && result.error?.wasSent == true)
    }

    @Test func anUploadToAServerThatDoesNotReadTimesOut() throws {
        // More than the buffers of both sockets can hold.
        let bytes = [UInt8](repeating: 0x61, count: 16 << 20)
        let result = try run([.readHead, .pause(milliseconds: 30_000)], .put, body: ByteBlock(bytes.bytes))
        #expect(result.error?.kind == .stalled)
    }

    @Test func aSlowResponseDoesNotTimeOut() throws {
        var script: [ScriptedServer.Step] = [.readHead, .send(Self.ok.replacing("5", with: "25"))]
        for _ in 0..<25 { script += [.pause(milliseconds: 100), .send("x")] }
        let result = try run(script + [.waitForEnd])
        #expect(result.error == nil && result.bytesReceived == 25)
    }

    @Test func aPausedTransferDoesNotTimeOut() throws {
        let receiver = Receiver()
        receiver.pauses = true
        let server = try ScriptedServer([[.readHead, .send(Self.ok + "12345"), .waitForEnd]])
        let loop = try TransferLoop(TransferOptions())
        let id = try loop.start(request(server, .get), receiver)
        let began = MonotonicClock.milliseconds
        while MonotonicClock.milliseconds < began + 2500, receiver.result == nil { turn(loop) }
        #expect(receiver.result == nil)
        receiver.pauses = false
        loop.resume(id)
        while receiver.result == nil { turn(loop) }
        #expect(receiver.result?.error == nil && receiver.result?.bytesReceived == 5)
        server.stop()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", "X-Field: value\r\n"), ("HTTP/1.1 200 OK\r\nX-Field: ", "value"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        (
            ok.replacing("Content-Length: 5", with: "Transfer-Encoding: chunked") + "1\r\na\r\n0\r\n",
            "T: t\r\n"
        ),
    ])
    func endlessHeadersAreNotHTTP(start: String, flood: String) throws {
        let result = try run([.readHead, .send(start), .sendEndlessly(flood)])
        #expect(result.error?.kind == .notHTTP)
        // libcurl's own limit for one header is smaller.
        #expect(result.error?.message.contains(flood == "value" ? "100 KiB" : "256 KiB") == true)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
    func otherProtocolsAreReportedAsNotHTTP(answer: String) throws {
        #expect(try run([.readHead, .send(answer)]).error?.kind == .notHTTP)
    }

    @Test(arguments: [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
        "Transfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n" + chunks,
        "Content-Length: 3\r\nContent-Length: 6\r\n\r\nabcdef",
        "Content-Length: 6\r\nContent-Length: 3\r\n\r\nabcdef",
        "Content-Length: 3, 6\r\n\r\nabcdef",
        "Transfer-Encoding: gzip\r\n\r\nabcdef",
        "Transfer-Encoding: x-unknown\r\n\r\nabcdef",
        "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks,
        "Transfer-Encoding: chunked, gzip\r\n\r\n" + chunks,
        "Transfer-Encoding: identity\r\n\r\nabcdef",
        "\r\nabcdef",
    ])
    func wrongLengthsMakeAResponseIncomplete(rest: String) throws {
        let result = try run([.readHead, .send("HTTP/1.1 200 OK\r\n" + rest)])
        #expect(result.error?.kind == .misframed, "\(result)")
    }

    @Test(arguments: [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
        "Content-Length: 6\r\ncontent-length: 6\r\n\r\nabcdef", "Content-Length: 6, 6\r\n\r\nabcdef",
        "Transfer-Encoding: identity\r\nContent-Length: 6\r\n\r\nabcdef",
        "Transfer-Encoding: Chunked\r\n\r\n" + chunks,
    ])
    func equalLengthsAreAccepted(rest: String) throws {
        let result = try run([.readHead, .send("HTTP/1.1 200 OK\r\n" + rest)])
        #expect(result.error == nil && result.bytesReceived == 6, "\(result)")
    }

    /// The status shows the refusal; proxies end their error pages by closing the connection.
    @Test func aRefusalNeedsNoLength() throws {
        let result = try run([.readHead, .send("HTTP/1.0 503 Service Unavailable\r\n\r\n<html>")])
        #expect(result.error == nil && result.head.status == 503)
    }

    private static let chunks = "6\r\nabcdef\r\n0\r\n\r\n"

    @Test(arguments: ["HTTP/X: y", "HTTP/1.1 404: Not Found", "HTTP/: z"])
    func onlyTheFirstLineIsAStatusLine(line: String) throws {
        for script in [
            "HTTP/1.1 200 OK\r\n\(line)\r\nContent-Length: 6\r\n\r\nabcdef",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(line)\r\n\r\n",
        ] {
            let result = try run([.readHead, .send(script)])
            #expect(result.error == nil && result.head.status == 200, "\(result)")
        }
    }

    /// libcurl reports this as a bad argument.
    @Test func anInvalidTrailerIsTheServersFault() throws {
        let script = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx\r\n\r\n"
        #expect(try run([.readHead, .send(script)]).error?.kind == .notHTTP)
    }

    @Test func aRefusedConnectionDoesNotCountAsSent() throws {
        let server = try ScriptedServer([[]])
        server.stop()
        let receiver = Receiver()
        let loop = try TransferLoop(TransferOptions())
        try loop.start(request(server, .get), receiver)
        while receiver.result == nil { turn(loop) }
        #expect(receiver.result?.error?.kind == .unconnected && receiver.result?.error?.wasSent == false)
    }

    /// The server accepts the connection but does not answer the TLS handshake.
    @Test func aStalledHandshakeEndsAtTheConnectTimeout() throws {
        let server = try ScriptedServer([[.waitForEnd]])
        let loop = try TransferLoop(TransferOptions())
        let receiver = Receiver()
        let url = [UInt8]("https://127.0.0.1:\(server.port)/".utf8)
        var request = HTTPRequest(method: .get, url: url, headers: [])
        request.connectMilliseconds = 300
        request.silenceMilliseconds = 30_000
        try loop.start(request, receiver)
        while receiver.result == nil { turn(loop) }
        #expect(receiver.result?.error?.kind == .unconnected && receiver.result?.error?.wasSent == false)
        server.stop()
    }

    /// The response exceeds its Content-Length: the rest must not count as the next response.
    @Test func leftoverBytesOnAReusedConnectionAreNotAResponse() throws {
        let tooLong: [ScriptedServer.Step] = [
            .readHead, .send(Self.ok + "12345"), .pause(milliseconds: 50), .send("67890\n"), .waitForEnd,
        ]
        let server = try ScriptedServer([tooLong, [.readHead, .send("67890\n"), .waitForEnd]])
        let loop = try TransferLoop(TransferOptions())
        for expected in [nil, TransferError.Kind.connectionLost, .notHTTP] {
            let receiver = Receiver()
            try loop.start(request(server, .get), receiver)
            while receiver.result == nil { turn(loop) }
            #expect(receiver.result?.error?.kind == expected)
            usleep(200_000)
        }
        #expect(server.connectionCount == 2)
        server.stop()
    }

    @Test func aResetIsALostConnection() throws {
        let result = try run([.readHead, .reset])
        #expect(result.error?.kind == .connectionLost && result.error?.wasSent == true)
    }

    /// The second request reuses the first one's connection, which is closed without a response.
    @Test(arguments: [true, false])
    func aReusedConnectionThatIsClosed(mayBeResent: Bool) throws {
        let good: [ScriptedServer.Step] = [.readHead, .send(Self.ok + "12345")]
        let server = try ScriptedServer([good + [.readHead], good + [.waitForEnd]])
        let loop = try TransferLoop(TransferOptions())
        let first = Receiver()
        try loop.start(request(server, .get), first)
        while first.result == nil { turn(loop) }
        let second = Receiver()
        var again = request(server, .get)
        again.mayBeResent = mayBeResent
        try loop.start(again, second)
        while second.result == nil { turn(loop) }
        if mayBeResent {
            #expect(second.result?.error == nil)
            #expect(server.connectionCount == 2)
        } else {
            #expect(second.result?.error?.kind == .resendRefused && second.result?.error?.wasSent == true)
        }
        server.stop()
    }

    /// Whatever was requested before: a handle keeps a part of the last address.
    @Test func anAddressIsSentAsItIsGiven() throws {
        let paths = [
            "/b/a%2fb%2Fc/../d//e?x=%E2%98%83&y=", "/b/a%2fb%2Fc/../d//e?x=%E2%98%83&y=", "/", "/b/k",
        ]
        let answered: [ScriptedServer.Step] = [.readHead, .send(Self.ok + "12345")]
        let script = (0..<3 * paths.count).flatMap { _ in answered } + [.waitForEnd]
        let servers = [try ScriptedServer([script]), try ScriptedServer([script])]
        let loop = try TransferLoop(TransferOptions())
        var expected: [String] = []
        for path in paths {
            for usesProxy in [false, true, false] {
                expected.append("GET \(path) HTTP/1.1")
                for server in servers {
                    var request = request(server, .get)
                    request.url = server.url.dropLast() + [UInt8](path.utf8)
                    request.usesProxy = usesProxy
                    let receiver = Receiver()
                    try loop.start(request, receiver)
                    while receiver.result == nil { turn(loop) }
                    #expect(receiver.result?.error == nil && receiver.result?.bytesReceived == 5)
                }
            }
        }
        for server in servers {
            #expect(server.requests.map { String($0.prefix { $0 != "\r\n" }) } == expected)
            #expect(server.requests.allSatisfy { $0.contains("127.0.0.1:\(server.port)\r\n") })
            server.stop()
        }
    }

    /// libcurl keeps the last origin of a handle. A request must not go there if libcurl refuses its own.
    @Test func aRefusedAddressIsNotReplacedByTheLastOne() throws {
        let server = try ScriptedServer([[.readHead, .send(Self.ok + "12345"), .waitForEnd]])
        let loop = try TransferLoop(TransferOptions())
        let first = Receiver()
        try loop.start(request(server, .get), first)
        while first.result == nil { turn(loop) }
        for _ in 0..<2 {
            var refused = request(server, .get)
            refused.url = [UInt8]("http://[zz]:1/k".utf8)
            let receiver = Receiver()
            do {
                try loop.start(refused, receiver)
                while receiver.result == nil { turn(loop) }
            } catch { continue }
            #expect(receiver.result?.error != nil)
        }
        #expect(server.requests.count == 1)
        server.stop()
    }

    @Test(arguments: [
        ("http://h:1/a", 10), ("https://[::1]:1/", 15), ("http://h/a?b=/", 8), ("http://h", nil),
        ("http://h?x=a/b", nil),
        ("h/a", nil),
        ("http://h/a b", nil), ("http://h/a\r\nb: c", nil), ("http://h/a#b", nil), ("http://h/\u{7F}", nil),
        ("", nil), ("http:/", nil),
    ])
    func theOriginOfAnAddress(url: String, length: Int?) {
        let bytes = [UInt8](url.utf8)
        #expect(RequestOrigin.length(in: bytes.bytes) == length)
    }

    @Test func aHeaderWithALineEndIsRefused() throws {
        let server = try ScriptedServer([[]])
        let loop = try TransferLoop(TransferOptions())
        for value in ["a\r\nb: c", "a\nb", "a\0b"] {
            var request = request(server, .get)
            request.headers = [HTTPHeader("x", value)]
            #expect(throws: TransferError.self) { try loop.start(request, Receiver()) }
        }
        #expect(loop.active == 0)
        server.stop()
    }

    @Test func idleTimeStartsAtTheLastByte() {
        var silence = Silence(limit: 1000)
        #expect(silence.left(moved: 0, now: 5000) == 1000)
        #expect(silence.left(moved: 0, now: 5900) == 100)
        #expect(silence.left(moved: 1, now: 5950) == 1000, "a single byte is none")
        #expect(silence.left(moved: 1, now: 6950) == 0)
        #expect(silence.left(moved: nil, now: 9000) == 1000, "nothing can move while it is paused")
        #expect(silence.left(moved: 1, now: 9500) == 1000)
    }

    @Test func aRequestMayHaveALongerIdleLimit() throws {
        let server = try ScriptedServer([
            [
                .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"), .pause(milliseconds: 1500),
                .send("b"),
            ]
        ])
        let loop = try TransferLoop(TransferOptions())
        let receiver = Receiver()
        var request = request(server, .post)
        request.silenceMilliseconds = 10_000
        try loop.start(request, receiver)
        while receiver.result == nil { turn(loop) }
        #expect(receiver.result?.error == nil && receiver.result?.bytesReceived == 2)
        server.stop()
    }

    // MARK: running

    private func run(
        _ script: [ScriptedServer.Step], _ method: HTTPMethod = .get, body: ByteBlock? = nil
    ) throws -> TransferResult {
        let server = try ScriptedServer([script])
        let loop = try TransferLoop(TransferOptions())
        let receiver = Receiver()
        var request = request(server, method)
        request.body = body
        request.mayBeResent = false
        try loop.start(request, receiver)
        while receiver.result == nil { turn(loop) }
        server.stop()
        return try #require(receiver.result)
    }

    private func request(_ server: ScriptedServer, _ method: HTTPMethod) -> HTTPRequest {
        var request = HTTPRequest(method: method, url: server.url, headers: [])
        request.connectMilliseconds = 2000
        request.silenceMilliseconds = 1000
        return request
    }

    private func turn(_ loop: TransferLoop) {
        loop.perform()
        _ = loop.wait(for: [], milliseconds: 20)
    }
}

private final class Receiver: TransferReceiver {
    var pauses = false
    var result: TransferResult?

    func received(_ bytes: RawSpan, head: HTTPResponseHead) -> ReceiveFlow { pauses ? .pause : .more }
    func ended(_ result: TransferResult) { self.result = result }
}
