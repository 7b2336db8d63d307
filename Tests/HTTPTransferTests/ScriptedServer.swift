import ByteIO

/// A server on 127.0.0.1 that runs one script per connection, and stops at the end of the test.
@safe final class ScriptedServer: @unchecked Sendable {
    enum Step: Sendable {
        /// Waits for the head of a request.
        case readHead
        /// Waits for this many further bytes.
        case readBytes(Int)
        case send(String)
        case sendEndlessly(String)
        /// Waits without reading or writing.
        case pause(milliseconds: Int)
        /// Waits until the client closes the connection.
        case waitForEnd
        /// Resets the connection.
        case reset
    }

    let port: Int
    private let listener: CInt
    private let scripts: [[Step]]
    private let lock = Lock()
    private var connections = 0
    private var heads: [String] = []

    /// - Parameter scripts: the scripts of the first connection, the second, and so on; the last one is
    ///   repeated.
    init(_ scripts: [[Step]]) throws(SystemError) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        self.scripts = scripts
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isReady else { throw SystemError("test server", code: errno) }
        var thread = pthread_t()
        unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<ScriptedServer>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    /// The number of connections so far.
    var connectionCount: Int { lock.locked { connections } }

    /// The heads of the requests that came.
    var requests: [String] { lock.locked { heads } }

    var url: [UInt8] { [UInt8]("http://127.0.0.1:\(port)/".utf8) }

    /// Refuses further connections, and stops when the open one ends.
    func stop() { shutdown(listener, CInt(SHUT_RDWR)) }

    private func run() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            let number = lock.locked {
                connections += 1
                return connections - 1
            }
            serve(client, scripts[min(number, scripts.count - 1)])
            close(client)
        }
        close(listener)
    }

    private func serve(_ client: CInt, _ steps: [Step]) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        for step in steps {
            switch step {
            case .readHead:
                var head: [UInt8] = []
                while !head.ends(with: "\r\n\r\n") {
                    guard unsafe recv(client, &buffer, 1, 0) == 1 else { return }
                    head.append(buffer[0])
                }
                let text = String(decoding: head, as: UTF8.self)
                lock.locked { heads.append(text) }
            case .readBytes(var rest):
                while rest > 0 {
                    let count = unsafe recv(client, &buffer, min(rest, buffer.count), 0)
                    guard count > 0 else { return }
                    rest -= count
                }
            case .send(let text): _ = send(text, to: client)
            case .sendEndlessly(let text):
                let block = String(repeating: text, count: 1000)
                while send(block, to: client) {}
            case .pause(let milliseconds): usleep(UInt32(milliseconds) * 1000)
            case .waitForEnd: while unsafe recv(client, &buffer, buffer.count, 0) > 0 {}
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                unsafe setsockopt(
                    client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
                return
            }
        }
    }

    private func send(_ text: String, to client: CInt) -> Bool {
        let bytes = [UInt8](text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glue.send(client, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

/// The function that `ScriptedServer.send` shadows, without SIGPIPE: a client that has closed its connection
/// must not end the tests.
private enum Glue {
    static func send(_ socket: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        unsafe ByteIO.send(socket, bytes, count, CInt(MSG_NOSIGNAL))
    }
}

@safe private final class Lock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    init() { unsafe pthread_mutex_init(mutex, nil) }
    deinit { unsafe mutex.deallocate() }
    func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}

extension [UInt8] {
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
