import ByteIO
import CCurl

/// The options of one of libcurl's easy handles: those that all requests share, and those of the last request.
///
/// The next request usually differs little, so only what has changed is set again. Source: curl_easy_setopt(3).
@safe struct EasyOptions: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    /// The first option that libcurl refused since the last check.
    private var refused: (option: CURLoption, code: CURLcode)?
    /// A buffer for strings passed to libcurl.
    private let text = ByteBlock()
    /// Sent as an ordinary header: libcurl would format its own option twice for each request.
    private let userAgent: HTTPHeader
    /// Nil once it is known which certificates to trust.
    private var certificates: SystemCertificates?
    /// The method of the last request; nil before the first.
    private(set) var method: HTTPMethod?
    private var body: ByteBlock?
    /// POSTFIELDS must not be null, or libcurl would read the body from a callback.
    private let noBody = ByteBlock()
    private var headers = HeaderList()
    /// The origin of the last request without a proxy.
    private var origin = RequestOrigin()
    private var hasLargeBuffer = false
    private var connectMilliseconds: Int?
    private var usesProxy: Bool?

    private static let secure = [UInt8]("https:".utf8)
    private static let keptSeconds = 24 * 60 * 60
    private static let smallBuffer = 16 << 10
    private static let largeBuffer = 128 << 10
    /// Headers that libcurl would add, and must not.
    private static let unwanted = ["Accept:"].map { [UInt8]($0.utf8) }
    private static let unwantedWithBody = ["Accept:", "Expect:", "Content-Type:"].map { [UInt8]($0.utf8) }

    /// Sets the options that all requests share; `check` throws if libcurl lacks one.
    init(
        _ handle: UnsafeMutableRawPointer, _ options: TransferOptions, certificates: SystemCertificates
    ) {
        unsafe self.handle = unsafe handle
        self.certificates = options.certificateBundle == nil ? certificates : nil
        userAgent = HTTPHeader("user-agent", options.userAgent)
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

    // MARK: a request

    /// Sets the options of a request.
    ///
    /// - Parameter lastReceived: the size of the body of the handle's last response; nil if it had none.
    /// - Throws: `noMemory`; `unusable` if a header contains a line end, or libcurl refuses an option.
    mutating func set(_ request: HTTPRequest, lastReceived: Int?) throws(TransferError) {
        chooseBuffer(for: request.method, lastReceived: lastReceived)
        setAddress(request)
        set(method: request.method, body: request.body)
        setConnection(request)
        do throws(TransferError) {
            guard set(headers: request.headers) else {
                throw TransferError(.unusable, "a header field holds a line break or a NUL")
            }
            try check()
        } catch {
            forget()
            throw error
        }
    }

    /// Lets the next request set all options again: libcurl may have refused any of this one's.
    private mutating func forget() {
        refused = nil
        method = nil
        connectMilliseconds = nil
        usesProxy = nil
        origin.forget()
    }

    /// Lets go of the body, whose transfer has ended.
    mutating func dropBody() { body = nil }

    /// libcurl allocates the buffer for each transfer. Filling a buffer costs a system call and a callback,
    /// but allocating a large one costs more than a short response. The size of the last response is the best
    /// guess.
    private mutating func chooseBuffer(for method: HTTPMethod, lastReceived: Int?) {
        let isLarge = lastReceived.map { $0 > Self.smallBuffer } ?? (method == .get)
        guard isLarge != hasLargeBuffer else { return }
        // libcurl keeps the buffer of a transfer that got no connection and then refuses another size. The
        // old one is good enough.
        let size = isLarge ? Self.largeBuffer : Self.smallBuffer
        if unsafe s3_curl_set_long(handle, CURLOPT_BUFFERSIZE, size) == CURLE_OK { hasLargeBuffer = isLarge }
    }

    /// Sets the origin and the path separately, because the origin usually stays the same. A proxy needs the whole URL.
    private mutating func setAddress(_ request: HTTPRequest) {
        let url = request.url.bytes
        guard !request.usesProxy, let length = RequestOrigin.length(in: url) else { return setWhole(url) }
        if !origin.isUsed || !url.extracting(first: length).equals(origin.text) {
            guard let pointer = unsafe origin.set(url.extracting(first: length)) else { return setWhole(url) }
            setText(CURLOPT_URL, url.extracting(first: length))
            unsafe setPointer(CURLOPT_CURLU, pointer)
        }
        setText(CURLOPT_REQUEST_TARGET, url.extracting(droppingFirst: length))
    }

    private mutating func setWhole(_ url: RawSpan) {
        if origin.isUsed {
            origin.isUsed = false
            unsafe setPointer(CURLOPT_CURLU, nil)
            unsafe setPointer(CURLOPT_REQUEST_TARGET, nil)
        }
        setText(CURLOPT_URL, url)
    }

    private mutating func setConnection(_ request: HTTPRequest) {
        if certificates != nil, request.url.starts(with: Self.secure) { chooseCertificates() }
        if request.connectMilliseconds != connectMilliseconds {
            connectMilliseconds = request.connectMilliseconds
            setLong(CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
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
    private mutating func chooseCertificates() {
        guard let certificates = certificates.take() else { return }
        if unsafe certificates.areAllInFile(handle) { unsafe setPointer(CURLOPT_CAPATH, nil) }
    }

    private mutating func set(method: HTTPMethod, body: ByteBlock?) {
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

    private mutating func set(_ method: HTTPMethod) {
        self.method = method
        // The order matters: HTTPGET resets NOBODY and POST; POSTFIELDS, set later, implies POST.
        setLong(CURLOPT_HTTPGET, 1)
        if method == .head { setLong(CURLOPT_NOBODY, 1) }
        switch method {
        case .get, .head: unsafe setPointer(CURLOPT_CUSTOMREQUEST, nil)
        case .put, .post, .delete: setText(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    private mutating func set(headers fields: [HTTPHeader]) -> Bool {
        let unwanted = method == .put || method == .post ? Self.unwantedWithBody : Self.unwanted
        guard let list = unsafe headers.set(fields, userAgent, without: unwanted) else { return false }
        unsafe setPointer(CURLOPT_HTTPHEADER, list)
        return true
    }

    // MARK: an option

    /// Throws if libcurl refused an option: the transfer would differ from the requested one or be less
    /// secure.
    mutating func check() throws(TransferError) {
        guard let (option, code) = refused.take() else { return }
        if code == CURLE_OUT_OF_MEMORY { throw .noMemory }
        let known = unsafe curl_easy_option_by_id(option)
        let name = unsafe known.map { unsafe String(cString: $0.pointee.name) } ?? "\(option.rawValue)"
        throw TransferError(
            .unusable, "libcurl cannot set \(name): \(unsafe String(cString: curl_easy_strerror(code)))")
    }

    mutating func setPointer(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        note(unsafe s3_curl_set_pointer(handle, option, value), option)
    }

    /// Keeps the result of setting an option for `check`.
    mutating func note(_ code: CURLcode, _ option: CURLoption) {
        if code != CURLE_OK, refused == nil { refused = (option, code) }
    }

    private mutating func setLong(_ option: CURLoption, _ value: Int) {
        note(unsafe s3_curl_set_long(handle, option, value), option)
    }

    private mutating func setText(_ option: CURLoption, _ value: String) {
        let value = [UInt8](value.utf8)
        setText(option, value.bytes)
    }

    /// libcurl copies the text.
    private mutating func setText(_ option: CURLoption, _ value: RawSpan) {
        text.removeAll()
        text.append(value)
        text.append(0)
        unsafe setPointer(option, text.address)
    }
}
