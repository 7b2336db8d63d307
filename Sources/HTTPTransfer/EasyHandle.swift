import ByteIO
import CCurl

/// One of libcurl's easy handles, kept warm: what never changes is set once, and the connection it last
/// used is likely to be there for the next request.
///
/// libcurl calls back with a pointer to this object, so it stays where it is for the loop's life.
@safe final class EasyHandle {
    let handle: UnsafeMutableRawPointer
    /// Where the loop keeps it.
    let slot: Int
    /// Tells one transfer of this handle from the next.
    private(set) var generation = 0
    /// Who takes the answer; nil while no transfer is under way.
    private(set) var receiver: (any TransferReceiver)?
    private let head = HTTPHeadReader()
    private var bodyHasBegun = false
    /// How many times libcurl was about to send the request.
    private var sends = 0
    private var mayBeResent = true
    /// Why this side ended the transfer, if it did.
    private(set) var refusal: TransferError.Kind?
    /// What is wrong with the lengths, if it is that.
    private var framing = ""
    private var bytesReceived = 0
    private var hasLargeBuffer = false
    private var silence = Silence(limit: 0)
    private var headBytesReceived = 0
    private var isPaused = false
    // The last transfer's: most often the next one has the same, and nothing has to be set again.
    private var connectMilliseconds = 0
    private var usesProxy: Bool?
    /// The first option that libcurl did not take, since that was last looked at.
    private var refusedOption: (option: CURLoption, code: CURLcode)?

    private var headers = HeaderList()
    /// A field like others: as an option of libcurl's it would be put together twice for each request.
    private let userAgent: HTTPHeader
    /// The last transfer's: most often the next one has the same, and little has to be set again.
    private var method: HTTPMethod?
    private var body: ByteBlock?
    /// POSTFIELDS must not be null, or libcurl would read the body from a callback.
    private let noBody = ByteBlock()
    /// What is handed to libcurl as a string.
    private let text = ByteBlock()
    /// Where libcurl says what its codes do not: the host, the port.
    private let words: UnsafeMutableBufferPointer<CChar>

    /// - Throws: `noMemory`; `unusable` if libcurl does not know an option that transfers rest on.
    init(_ options: TransferOptions, slot: Int) throws(TransferError) {
        guard let handle = unsafe curl_easy_init() else { throw .noMemory }
        self.slot = slot
        userAgent = HTTPHeader("user-agent", options.userAgent)
        unsafe words = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe words.initialize(repeating: 0)
        unsafe self.handle = unsafe handle
        set(options)
        setCallbacks()
        try checkOptions()
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe words.deallocate()
    }

    /// What holds for every request. Source: curl_easy_setopt(3).
    private func set(_ options: TransferOptions) {
        setLong(CURLOPT_NOSIGNAL, 1)
        setLong(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        setLong(CURLOPT_FOLLOWLOCATION, 0)
        setLong(CURLOPT_NETRC, 0)
        setLong(CURLOPT_PATH_AS_IS, 1)
        // A proxy's answer to CONNECT is not the service's.
        setLong(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        setLong(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        setLong(CURLOPT_SSL_VERIFYPEER, 1)
        setLong(CURLOPT_SSL_VERIFYHOST, 2)
        setLong(CURLOPT_TCP_KEEPALIVE, 1)
        // A connection is kept as long as the service keeps it: libcurl looks whether it was closed before it is used
        // again, and would give up a good one after two minutes.
        setLong(CURLOPT_MAXAGE_CONN, Self.keptSeconds)
        setLong(CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10)
        setText(CURLOPT_PROTOCOLS_STR, [UInt8]("http,https".utf8))
        if let bundle = options.certificateBundle {
            setText(CURLOPT_CAINFO, [UInt8](bundle.utf8))
            // The system's directory would be looked into as well.
            unsafe setPointer(CURLOPT_CAPATH, nil)
        }
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe setPointer(CURLOPT_PRIVATE, context)
        unsafe setPointer(CURLOPT_HEADERDATA, context)
        unsafe setPointer(CURLOPT_WRITEDATA, context)
        unsafe setPointer(CURLOPT_PREREQDATA, context)
        unsafe setPointer(CURLOPT_ERRORBUFFER, UnsafeRawPointer(words.baseAddress))
        let headerCode = unsafe s3_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) {
            bytes, size, count, context in
            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe EasyHandle.lend(context) {
                $0.receive(headerLine: unsafe RawSpan(_unsafeBytes: line)) ? line.count : 0
            }
        }
        note(headerCode, CURLOPT_HEADERFUNCTION)
        let writeCode = unsafe s3_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) {
            bytes, size, count, context in
            let chunk = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe EasyHandle.lend(context) { $0.receive(unsafe RawSpan(_unsafeBytes: chunk)) }
        }
        note(writeCode, CURLOPT_WRITEFUNCTION)
        let prereqCode = unsafe s3_curl_set_prereq_callback(handle) { context, _, _, _, _ in
            unsafe EasyHandle.lend(context) { $0.allowSend() } ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        note(prereqCode, CURLOPT_PREREQFUNCTION)
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> EasyHandle {
        guard let context = unsafe context else { preconditionFailure("libcurl lost the context") }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }

    /// For callbacks, which come often: the loop keeps the handle meanwhile.
    private static func lend<Result>(
        _ context: UnsafeMutableRawPointer?, _ body: (EasyHandle) -> Result
    ) -> Result {
        guard let context = unsafe context else { preconditionFailure("libcurl lost the context") }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
    }

    // MARK: one transfer

    /// - Throws: `noMemory`; `unusable` if a header field would end its line early, or libcurl refuses an option.
    func begin(_ request: HTTPRequest, receiver: any TransferReceiver) throws(TransferError) {
        self.receiver = receiver
        chooseBuffer(for: request.method)
        generation += 1
        head.removeAll()
        bodyHasBegun = false
        sends = 0
        mayBeResent = request.mayBeResent
        refusal = nil
        bytesReceived = 0
        isPaused = false
        silence = Silence(limit: request.silenceMilliseconds)
        unsafe words[0] = 0
        setText(CURLOPT_URL, request.url)
        set(method: request.method, body: request.body)
        setConnection(request)
        guard set(headers: request.headers) else {
            throw TransferError(.unusable, "a header field holds a line break or a NUL")
        }
        try checkOptions()
    }

    private func setConnection(_ request: HTTPRequest) {
        if request.connectMilliseconds != connectMilliseconds {
            connectMilliseconds = request.connectMilliseconds
            setLong(CURLOPT_CONNECTTIMEOUT_MS, connectMilliseconds)
        }
        guard request.usesProxy != usesProxy else { return }
        usesProxy = request.usesProxy
        if request.usesProxy {
            unsafe setPointer(CURLOPT_NOPROXY, nil)
        } else {
            setText(CURLOPT_NOPROXY, [UInt8(ascii: "*")])
        }
    }

    private static let keptSeconds = 24 * 60 * 60

    private func set(method: HTTPMethod, body: ByteBlock?) {
        self.body = body
        if method != self.method { set(method) }
        if method == .put || method == .post {
            // Not a read callback: this way headers and a small body leave in one send.
            let size = curl_off_t(body?.count ?? 0)
            note(
                unsafe s3_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, size),
                CURLOPT_POSTFIELDSIZE_LARGE)
            unsafe setPointer(CURLOPT_POSTFIELDS, (body ?? noBody).address)
        }
    }

    private func set(_ method: HTTPMethod) {
        self.method = method
        // The order matters: HTTPGET undoes NOBODY and POST; POSTFIELDS, which follows, implies POST.
        setLong(CURLOPT_HTTPGET, 1)
        if method == .head { setLong(CURLOPT_NOBODY, 1) }
        switch method {
        case .get, .head: unsafe setPointer(CURLOPT_CUSTOMREQUEST, nil)
        case .put, .post, .delete: setText(CURLOPT_CUSTOMREQUEST, [UInt8](method.rawValue.utf8))
        }
    }

    /// libcurl allocates it for each transfer. Each buffer that is filled costs a system call and a callback, but
    /// a large one costs malloc more than a short answer is worth. The last answer is the best guess.
    private func chooseBuffer(for method: HTTPMethod) {
        let isLarge = generation == 0 ? method == .get : bytesReceived > Self.smallBuffer
        guard isLarge != hasLargeBuffer else { return }
        // libcurl keeps the buffer of a transfer that got no connection, and refuses another size for it: the old one
        // serves as well.
        let size = isLarge ? Self.largeBuffer : Self.smallBuffer
        if unsafe s3_curl_set_long(handle, CURLOPT_BUFFERSIZE, size) == CURLE_OK { hasLargeBuffer = isLarge }
    }

    private static let smallBuffer = 16 << 10
    private static let largeBuffer = 128 << 10

    /// What libcurl would send by itself and shall not.
    private static let unwanted = ["Accept:"].map { [UInt8]($0.utf8) }
    private static let unwantedWithBody = ["Accept:", "Expect:", "Content-Type:"].map { [UInt8]($0.utf8) }

    private func set(headers fields: [HTTPHeader]) -> Bool {
        let unwanted = method == .put || method == .post ? Self.unwantedWithBody : Self.unwanted
        guard let list = unsafe headers.set(fields, userAgent, without: unwanted) else { return false }
        unsafe setPointer(CURLOPT_HTTPHEADER, list)
        return true
    }

    /// Takes the transfer's end; `kind` says why, if it was not libcurl that ended it.
    func end(
        _ code: CURLcode, as kind: TransferError.Kind? = nil
    ) -> (receiver: any TransferReceiver, result: TransferResult)? {
        guard let receiver else { return nil }
        self.receiver = nil
        body = nil
        refusal = kind ?? refusal
        if refusal == nil, let fault = framingFault(code) {
            refusal = .misframed
            framing = fault
        }
        var microseconds: curl_off_t = 0
        unsafe s3_curl_get_offset(handle, CURLINFO_TOTAL_TIME_T, &microseconds)
        return (
            receiver,
            TransferResult(
                head: head.head, error: error(code), bytesReceived: bytesReceived,
                microseconds: Int(microseconds))
        )
    }

    private func error(_ code: CURLcode) -> TransferError? {
        // A refusal while a paused transfer is taken up again does not reach libcurl's result.
        guard code != CURLE_OK || refusal != nil else { return nil }
        var kind = refusal ?? TransferError.kind(of: code)
        if sends == 0, kind == .stalled || kind == .connectionLost { kind = .unconnected }
        // The request was good enough to be sent: libcurl speaks of what came.
        if kind == .unusable, sends > 0 { kind = .notHTTP }
        // What came may be left over from the answer before: only a new connection shows what is spoken here.
        if kind == .notHTTP, refusal == nil, isConnectionReused { kind = .connectionLost }
        var message = unsafe String(cString: curl_easy_strerror(code))
        if let base = unsafe words.baseAddress, unsafe base.pointee != 0 {
            message = unsafe String(cString: base)
        }
        if refusal == .stalled {
            message = "no data in either direction for \(silence.limit / 1000) s"
        } else if refusal == .notHTTP {
            message = "the response has more than \(HTTPHeadReader.maximumSize >> 10) KiB of header fields"
        } else if refusal == .misframed {
            message = "the response may be incomplete: " + framing
        } else if code == CURLE_OUT_OF_MEMORY {
            // A header field of more than its limit is what libcurl calls this as well.
            let isInHead = sends > 0 && !head.isWhole
            kind = isInHead ? .notHTTP : .connectionLost
            message =
                isInHead
                ? "the response has a header field of more than \(CURL_MAX_HTTP_HEADER >> 10) KiB, or memory is used up"
                : TransferError.noMemory.message
        } else if kind == .notHTTP {
            message = "the response is not HTTP: " + message
        } else if code == CURLE_SSL_CONNECT_ERROR {
            // The words are OpenSSL's, which say nothing to anyone who took http for https.
            message = "TLS handshake failed: " + message
        }
        return TransferError(kind, message, wasSent: sends > 0)
    }

    /// Why a good answer is not known to be whole. What is refused says so by its status, however it is framed.
    private func framingFault(_ code: CURLcode) -> String? {
        let head = head.head
        guard (200..<300).contains(head.status), method != .head else { return nil }
        // What libcurl makes of fields that contradict each other is no better than they are.
        if case .contradictory(let reason) = head.framing { return reason }
        return code == CURLE_OK && head.status != 204 ? head.framingFault(bytes: bytesReceived) : nil
    }

    private var isConnectionReused: Bool {
        var connections = 0
        unsafe s3_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &connections)
        return connections == 0
    }

    /// How many milliseconds are left until the transfer has been silent for too long.
    func patience(now: Int) -> Int {
        var sent: curl_off_t = 0
        unsafe s3_curl_get_offset(handle, CURLINFO_SIZE_UPLOAD_T, &sent)
        // While it is paused, it is this side that is silent.
        return silence.left(moved: isPaused ? nil : Int(sent) + headBytesReceived + bytesReceived, now: now)
    }

    /// The transfer goes on after a pause.
    func resumed() { isPaused = false }

    // MARK: callbacks

    private func receive(headerLine line: RawSpan) -> Bool {
        headBytesReceived += line.byteCount
        if head.append(line) { return true }
        refusal = .notHTTP
        return false
    }

    private func receive(_ bytes: RawSpan) -> Int {
        if !bodyHasBegun {
            bodyHasBegun = true
            // Before any of it is used: a receiver that has enough would never see the end.
            if (200..<300).contains(head.head.status), let fault = head.head.framingFault(bytes: nil) {
                refusal = .misframed
                framing = fault
                return bytes.byteCount + 1
            }
        }
        switch receiver?.received(bytes, head: head.head) ?? .cancel {
        case .more:
            bytesReceived += bytes.byteCount
            return bytes.byteCount
        case .pause:
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .cancel:
            refusal = .cancelled
            return bytes.byteCount + 1
        }
    }

    private func allowSend() -> Bool {
        sends += 1
        guard sends > 1, !mayBeResent else { return true }
        refusal = .resendRefused
        return false
    }

    // MARK: options

    private func setLong(_ option: CURLoption, _ value: Int) {
        note(unsafe s3_curl_set_long(handle, option, value), option)
    }

    private func setPointer(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        note(unsafe s3_curl_set_pointer(handle, option, value), option)
    }

    private func note(_ code: CURLcode, _ option: CURLoption) {
        if code != CURLE_OK, refusedOption == nil { refusedOption = (option, code) }
    }

    /// Without any of them a transfer would be another than the one that was asked for, or a less secure one.
    private func checkOptions() throws(TransferError) {
        guard let (option, code) = refusedOption.take() else { return }
        if code == CURLE_OUT_OF_MEMORY { throw .noMemory }
        let known = unsafe curl_easy_option_by_id(option)
        let name = unsafe known.map { unsafe String(cString: $0.pointee.name) } ?? "\(option.rawValue)"
        throw TransferError(
            .unusable, "libcurl cannot set \(name): \(unsafe String(cString: curl_easy_strerror(code)))")
    }

    /// libcurl copies the text.
    private func setText(_ option: CURLoption, _ value: [UInt8]) {
        text.removeAll()
        text.append(value.bytes)
        text.append(0)
        unsafe setPointer(option, text.address)
    }
}
