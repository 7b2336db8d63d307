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
    private var silence = Silence(limit: 0)
    private var headBytesReceived = 0
    private var isPaused = false
    private var options: EasyOptions
    /// The buffer for libcurl's detailed error messages, with host and port.
    private let words: UnsafeMutableBufferPointer<CChar>

    /// - Throws: `noMemory`; `unusable` if libcurl does not support a required option.
    init(_ options: TransferOptions, certificates: SystemCertificates, slot: Int) throws(TransferError) {
        guard let handle = unsafe curl_easy_init() else { throw .noMemory }
        self.slot = slot
        unsafe words = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe words.initialize(repeating: 0)
        unsafe self.handle = unsafe handle
        self.options = unsafe EasyOptions(handle, options, certificates: certificates)
        setCallbacks()
        try self.options.check()
        try checkNumbers()
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe words.deallocate()
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe options.setPointer(CURLOPT_PRIVATE, context)
        unsafe options.setPointer(CURLOPT_HEADERDATA, context)
        unsafe options.setPointer(CURLOPT_WRITEDATA, context)
        unsafe options.setPointer(CURLOPT_PREREQDATA, context)
        unsafe options.setPointer(CURLOPT_ERRORBUFFER, UnsafeRawPointer(words.baseAddress))
        let headerCode = unsafe s3_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) {
            bytes, size, count, context in
            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe EasyHandle.lend(context) {
                $0.receive(headerLine: unsafe RawSpan(_unsafeBytes: line)) ? line.count : 0
            }
        }
        options.note(headerCode, CURLOPT_HEADERFUNCTION)
        let writeCode = unsafe s3_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) {
            bytes, size, count, context in
            let chunk = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe EasyHandle.lend(context) { $0.receive(unsafe RawSpan(_unsafeBytes: chunk)) }
        }
        options.note(writeCode, CURLOPT_WRITEFUNCTION)
        let prereqCode = unsafe s3_curl_set_prereq_callback(handle) { context, _, _, _, _ in
            unsafe EasyHandle.lend(context) { $0.allowSend() } ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        options.note(prereqCode, CURLOPT_PREREQFUNCTION)
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
        let lastReceived = generation == 0 ? nil : bytesReceived
        generation += 1
        head.removeAll()
        bodyHasBegun = false
        bodyFraming = nil
        sends = 0
        mayBeResent = request.mayBeResent
        refusal = nil
        bytesReceived = 0
        headBytesReceived = 0
        isPaused = false
        silence = Silence(limit: request.silenceMilliseconds)
        unsafe words[0] = 0
        try options.set(request, lastReceived: lastReceived)
    }

    /// Ends the transfer; `kind` gives the reason if libcurl did not end it.
    func end(
        _ code: CURLcode, as kind: TransferError.Kind? = nil
    ) -> (receiver: any TransferReceiver, result: TransferResult)? {
        guard let receiver else { return nil }
        self.receiver = nil
        options.dropBody()
        refusal = kind ?? refusal
        if refusal == nil, let fault = framingFault(code) {
            refusal = .misframed
            framing = fault
        }
        return (
            receiver,
            TransferResult(
                head: head.head, error: error(code), bytesReceived: bytesReceived,
                microseconds: number(CURLINFO_TOTAL_TIME_T) ?? 0)
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
        let isInHead = sends > 0 && !head.isWhole
        if refusal == .cancelled {
            message = "cancelled"
        } else if refusal == .stalled {
            message = "no data in either direction for \(silence.limit / 1000) s"
        } else if refusal == .notHTTP {
            message = "the response has more than \(HTTPHeadReader.maximumSize >> 10) KiB of header fields"
        } else if refusal == .misframed {
            message = "the response may be incomplete: " + framing
        } else if refusal == nil, isInHead, code == CURLE_OUT_OF_MEMORY || code == TransferError.tooLarge {
            kind = .notHTTP
            message =
                "the response has a header field of more than \(CURL_MAX_HTTP_HEADER >> 10) KiB, or memory is used up"
        } else if code == CURLE_OUT_OF_MEMORY {
            kind = .connectionLost
            message = TransferError.noMemory.message
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
        guard (200..<300).contains(head.status), options.method != .head else { return nil }
        // libcurl's interpretation of contradictory headers cannot be trusted.
        let framing = bodyFraming ?? head.framing
        if case .contradictory(let reason) = framing { return reason }
        return code == CURLE_OK && head.status != 204 ? framing.fault(bytes: bytesReceived) : nil
    }

    private var isConnectionReused: Bool {
        var connections = 0
        // If libcurl does not report it, a retry on a new connection shows whether the server speaks HTTP.
        let code = unsafe s3_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &connections)
        return code != CURLE_OK || connections == 0
    }

    /// A number that libcurl reports about the last transfer; nil if it does not report it.
    private func number(_ info: CURLINFO) -> Int? {
        var number: curl_off_t = 0
        let code = unsafe s3_curl_get_offset(handle, info, &number)
        return code == CURLE_OK ? Int(number) : nil
    }

    /// Throws if libcurl does not report how much was sent: a long upload would look like a stalled one.
    private func checkNumbers() throws(TransferError) {
        guard number(CURLINFO_SIZE_UPLOAD_T) != nil else {
            throw TransferError(.unusable, "libcurl does not report how many bytes it has sent")
        }
    }

    /// The milliseconds left until the transfer counts as stalled.
    func patience(now: Int) -> Int {
        let moved = (number(CURLINFO_SIZE_UPLOAD_T) ?? 0) + headBytesReceived + bytesReceived
        // While it is paused, the client causes the silence.
        return silence.left(moved: isPaused ? nil : moved, now: now)
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
}
