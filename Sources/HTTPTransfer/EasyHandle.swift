import ByteIO
import CCurl

/// One of libcurl's easy handles, which is reused: constant options are set once, and its last connection is
/// probably available for the next request.
///
/// libcurl's callbacks get a pointer to this object, so it lives as long as the loop.
@safe final class EasyHandle {
    let handle: UnsafeMutableRawPointer
    /// Its index in the loop.
    let slot: Int
    /// Distinguishes the transfers of this handle.
    private(set) var generation = 0
    /// The receiver of the response; nil while there is no transfer.
    private(set) var receiver: (any TransferReceiver)?
    private let head = HTTPHeadReader()
    /// How the body of a good response is framed, once it has begun.
    private var bodyFraming: BodyFraming?
    private var bodyHasBegun = false
    /// How many times libcurl has started to send the request.
    private var sends = 0
    private var mayBeResent = true
    /// Why the client ended the transfer; nil if it did not.
    private(set) var refusal: TransferError.Kind?
    /// The error in the body's framing, if there is one.
    private var framing = ""
    private var bytesReceived = 0
    private var hasLargeBuffer = false
    private var silence = Silence(limit: 0)
    private var headBytesReceived = 0
    private var isPaused = false
    // Options of the last transfer: the next one usually has the same, and then nothing has to be set again.
    private var connectMilliseconds = 0
    private var usesProxy: Bool?
    /// The first option that libcurl refused since the last check.
    private var refusedOption: (option: CURLoption, code: CURLcode)?

    private var headers = HeaderList()
    /// The origin of the last request without a proxy.
    private var origin = RequestOrigin()
    /// Sent as an ordinary header: libcurl would format its own option twice for each request.
    private let userAgent: HTTPHeader
    /// Properties of the last transfer: the next one usually has the same, and then little has to be set
    /// again.
    private var method: HTTPMethod?
    private var body: ByteBlock?
    /// POSTFIELDS must not be null, or libcurl would read the body from a callback.
    private let noBody = ByteBlock()
    /// A buffer for strings passed to libcurl.
    private let text = ByteBlock()
    /// The buffer for libcurl's detailed error messages, with host and port.
    private let words: UnsafeMutableBufferPointer<CChar>

    /// Nil once it is known which certificates to trust.
    private var certificates: SystemCertificates?

    /// - Throws: `noMemory`; `unusable` if libcurl does not support a required option.
    init(_ options: TransferOptions, certificates: SystemCertificates, slot: Int) throws(TransferError) {
        guard let handle = unsafe curl_easy_init() else { throw .noMemory }
        self.slot = slot
        self.certificates = options.certificateBundle == nil ? certificates : nil
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

    /// Sets the options that all requests share. Source: curl_easy_setopt(3).
    private func set(_ options: TransferOptions) {
        setLong(CURLOPT_NOSIGNAL, 1)
        setLong(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        setLong(CURLOPT_FOLLOWLOCATION, 0)
        setLong(CURLOPT_NETRC, 0)
        setLong(CURLOPT_PATH_AS_IS, 1)
        // A proxy's response to CONNECT is not the service's.
        setLong(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        setLong(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        setLong(CURLOPT_SSL_VERIFYPEER, 1)
        setLong(CURLOPT_SSL_VERIFYHOST, 2)
        setLong(CURLOPT_TCP_KEEPALIVE, 1)
        // Idle connections are kept as long as the service keeps them. libcurl checks that a connection is
        // open before it reuses it; by default it would drop a working one after two minutes.
        setLong(CURLOPT_MAXAGE_CONN, Self.keptSeconds)
        setLong(CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10)
        setText(CURLOPT_PROTOCOLS_STR, "http,https")
        if let bundle = options.certificateBundle {
            setText(CURLOPT_CAINFO, bundle)
            // Otherwise the system's directory would be used as well.
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

    /// For callbacks, which are frequent: does not retain the handle, because the loop keeps it alive.
    private static func lend<Result>(
        _ context: UnsafeMutableRawPointer?, _ body: (EasyHandle) -> Result
    ) -> Result {
        guard let context = unsafe context else { preconditionFailure("libcurl lost the context") }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
    }

    // MARK: one transfer

    /// - Throws: `noMemory`; `unusable` if a header contains a line end, or libcurl refuses an option.
    func begin(_ request: HTTPRequest, receiver: any TransferReceiver) throws(TransferError) {
        self.receiver = receiver
        chooseBuffer(for: request.method)
        generation += 1
        head.removeAll()
        bodyHasBegun = false
        bodyFraming = nil
        sends = 0
        mayBeResent = request.mayBeResent
        refusal = nil
        bytesReceived = 0
        isPaused = false
        silence = Silence(limit: request.silenceMilliseconds)
        unsafe words[0] = 0
        setAddress(request)
        set(method: request.method, body: request.body)
        setConnection(request)
        guard set(headers: request.headers) else {
            throw TransferError(.unusable, "a header field holds a line break or a NUL")
        }
        try checkOptions()
    }

    /// Sets the origin and the path separately, because the origin usually stays the same. A proxy needs the whole URL.
    private func setAddress(_ request: HTTPRequest) {
        let url = request.url.bytes
        guard !request.usesProxy, let length = RequestOrigin.length(in: url) else { return setWhole(url) }
        if !origin.isUsed || !url.extracting(first: length).equals(origin.text) {
            guard let pointer = unsafe origin.set(url.extracting(first: length)) else { return setWhole(url) }
            setText(CURLOPT_URL, url.extracting(first: length))
            unsafe setPointer(CURLOPT_CURLU, pointer)
        }
        setText(CURLOPT_REQUEST_TARGET, url.extracting(droppingFirst: length))
    }

    private func setWhole(_ url: RawSpan) {
        if origin.isUsed {
            origin.isUsed = false
            unsafe setPointer(CURLOPT_CURLU, nil)
            unsafe setPointer(CURLOPT_REQUEST_TARGET, nil)
        }
        setText(CURLOPT_URL, url)
    }

    private func setConnection(_ request: HTTPRequest) {
        if certificates != nil, request.url.starts(with: Self.secure) { chooseCertificates() }
        if request.connectMilliseconds != connectMilliseconds {
            connectMilliseconds = request.connectMilliseconds
            setLong(CURLOPT_CONNECTTIMEOUT_MS, connectMilliseconds)
        }
        guard request.usesProxy != usesProxy else { return }
        usesProxy = request.usesProxy
        if request.usesProxy {
            unsafe setPointer(CURLOPT_NOPROXY, nil)
        } else {
            setText(CURLOPT_NOPROXY, "*")
        }
    }

    /// Only for https: without TLS, the certificates need not be read.
    private func chooseCertificates() {
        guard let certificates = certificates.take() else { return }
        if unsafe certificates.areAllInFile(handle) { unsafe setPointer(CURLOPT_CAPATH, nil) }
    }

    private static let secure = [UInt8]("https:".utf8)
    private static let keptSeconds = 24 * 60 * 60

    private func set(method: HTTPMethod, body: ByteBlock?) {
        self.body = body
        if method != self.method { set(method) }
        if method == .put || method == .post {
            // POSTFIELDS instead of a read callback: headers and a small body are then sent in one system
            // call.
            let size = curl_off_t(body?.count ?? 0)
            note(
                unsafe s3_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, size),
                CURLOPT_POSTFIELDSIZE_LARGE)
            unsafe setPointer(CURLOPT_POSTFIELDS, (body ?? noBody).address)
        }
    }

    private func set(_ method: HTTPMethod) {
        self.method = method
        // The order matters: HTTPGET resets NOBODY and POST; POSTFIELDS, set later, implies POST.
        setLong(CURLOPT_HTTPGET, 1)
        if method == .head { setLong(CURLOPT_NOBODY, 1) }
        switch method {
        case .get, .head: unsafe setPointer(CURLOPT_CUSTOMREQUEST, nil)
        case .put, .post, .delete: setText(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    /// libcurl allocates the buffer for each transfer. Filling a buffer costs a system call and a callback,
    /// but allocating a large one costs more than a short response. The size of the last response is the best
    /// guess.
    private func chooseBuffer(for method: HTTPMethod) {
        let isLarge = generation == 0 ? method == .get : bytesReceived > Self.smallBuffer
        guard isLarge != hasLargeBuffer else { return }
        // libcurl keeps the buffer of a transfer that got no connection and then refuses another size. The
        // old one is good enough.
        let size = isLarge ? Self.largeBuffer : Self.smallBuffer
        if unsafe s3_curl_set_long(handle, CURLOPT_BUFFERSIZE, size) == CURLE_OK { hasLargeBuffer = isLarge }
    }

    private static let smallBuffer = 16 << 10
    private static let largeBuffer = 128 << 10

    /// Headers that libcurl would add, and must not.
    private static let unwanted = ["Accept:"].map { [UInt8]($0.utf8) }
    private static let unwantedWithBody = ["Accept:", "Expect:", "Content-Type:"].map { [UInt8]($0.utf8) }

    private func set(headers fields: [HTTPHeader]) -> Bool {
        let unwanted = method == .put || method == .post ? Self.unwantedWithBody : Self.unwanted
        guard let list = unsafe headers.set(fields, userAgent, without: unwanted) else { return false }
        unsafe setPointer(CURLOPT_HTTPHEADER, list)
        return true
    }

    /// Ends the transfer; `kind` gives the reason if libcurl did not end it.
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
        // If a receiver cancels while a paused transfer is resumed, libcurl's result does not show it.
        guard code != CURLE_OK || refusal != nil else { return nil }
        var kind = refusal ?? TransferError.kind(of: code)
        if sends == 0, kind == .stalled || kind == .connectionLost { kind = .unconnected }
        // The request was valid enough to be sent, so the error concerns the response.
        if kind == .unusable, sends > 0 { kind = .notHTTP }
        // The data may be the rest of the previous response: only a new connection shows the protocol.
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
            // libcurl also returns this code if a header exceeds its limit.
            let isInHead = sends > 0 && !head.isWhole
            kind = isInHead ? .notHTTP : .connectionLost
            message =
                isInHead
                ? "the response has a header field of more than \(CURL_MAX_HTTP_HEADER >> 10) KiB, or memory is used up"
                : TransferError.noMemory.message
        } else if kind == .notHTTP {
            message = "the response is not HTTP: " + message
        } else if code == CURLE_SSL_CONNECT_ERROR {
            // The message is OpenSSL's, which does not help a user who wrote https for http.
            message = "TLS handshake failed: " + message
        }
        return TransferError(kind, message, wasSent: sends > 0)
    }

    /// Why a success response may be incomplete. A refusal is valid by its status, whatever its framing.
    private func framingFault(_ code: CURLcode) -> String? {
        let head = head.head
        guard (200..<300).contains(head.status), method != .head else { return nil }
        // libcurl's interpretation of contradictory headers cannot be trusted.
        let framing = bodyFraming ?? head.framing
        if case .contradictory(let reason) = framing { return reason }
        return code == CURLE_OK && head.status != 204 ? framing.fault(bytes: bytesReceived) : nil
    }

    private var isConnectionReused: Bool {
        var connections = 0
        unsafe s3_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &connections)
        return connections == 0
    }

    /// The milliseconds left until the transfer counts as stalled.
    func patience(now: Int) -> Int {
        var sent: curl_off_t = 0
        unsafe s3_curl_get_offset(handle, CURLINFO_SIZE_UPLOAD_T, &sent)
        // While it is paused, the client causes the silence.
        return silence.left(moved: isPaused ? nil : Int(sent) + headBytesReceived + bytesReceived, now: now)
    }

    /// Records that the transfer continues after a pause.
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
            // Checked before the body is used: a receiver that has enough bytes would never see the end.
            if (200..<300).contains(head.head.status) {
                let framing = head.head.framing
                bodyFraming = framing
                if let fault = framing.fault(bytes: nil) {
                    refusal = .misframed
                    self.framing = fault
                    return bytes.byteCount + 1
                }
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

    /// Throws if libcurl refused an option: the transfer would differ from the requested one or be less
    /// secure.
    private func checkOptions() throws(TransferError) {
        guard let (option, code) = refusedOption.take() else { return }
        if code == CURLE_OUT_OF_MEMORY { throw .noMemory }
        let known = unsafe curl_easy_option_by_id(option)
        let name = unsafe known.map { unsafe String(cString: $0.pointee.name) } ?? "\(option.rawValue)"
        throw TransferError(
            .unusable, "libcurl cannot set \(name): \(unsafe String(cString: curl_easy_strerror(code)))")
    }

    /// libcurl copies the text.
    private func setText(_ option: CURLoption, _ value: String) {
        let value = [UInt8](value.utf8)
        setText(option, value.bytes)
    }

    private func setText(_ option: CURLoption, _ value: RawSpan) {
        text.removeAll()
        text.append(value)
        text.append(0)
        unsafe setPointer(option, text.address)
    }
}
