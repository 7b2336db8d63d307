package import ByteIO
import CCurl
import Synchronization

/// How a receiver wants to continue.
package enum ReceiveFlow: Sendable {
    /// The bytes were consumed.
    case more
    /// The bytes were not consumed: they are delivered again after `TransferLoop.resume`.
    case pause
    /// Cancel the transfer, which ends with `TransferError.Kind.cancelled`.
    case cancel
}

/// The result of a transfer.
package struct TransferResult: Sendable {
    /// The response's head; its status is 0 if there was no response.
    package let head: HTTPResponseHead
    /// Nil if the response is complete.
    package let error: TransferError?
    /// The number of bytes of the body that were consumed.
    package let bytesReceived: Int
    /// The duration of the transfer.
    package let microseconds: Int
}

extension TransferResult {
    /// The result of a transfer that could not be started.
    package init(_ error: TransferError) {
        self.init(head: HTTPResponseHead(status: 0), error: error, bytesReceived: 0, microseconds: 0)
    }
}

/// Receives one response.
package protocol TransferReceiver: AnyObject {
    /// Receives bytes of the body, in order. Must not start, resume or cancel a transfer.
    func received(_ bytes: RawSpan, head: HTTPResponseHead) -> ReceiveFlow
    /// The last call for a transfer. May start others.
    func ended(_ result: TransferResult)
}

/// Identifies a running transfer.
package struct TransferID: Equatable, Sendable {
    fileprivate let slot: Int
    fileprivate let generation: Int
}

/// Runs all of a tool's transfers in one thread, together with its other event sources.
///
/// In each turn libcurl does what it can without waiting, finished transfers are reported, and the loop waits
/// for a socket, one of the caller's descriptors or a timeout. Source: libcurl-multi(3).
@safe package final class TransferLoop {
    private let multi: UnsafeMutableRawPointer
    private let options: TransferOptions
    private let certificates = SystemCertificates()
    private var handles: [EasyHandle] = []
    private var idle: [Int] = []
    private var waiting: [curl_waitfd] = []
    // libcurl must not be called from its own callbacks, nor a receiver during its own calls, so these
    // requests are executed in `perform`.
    private var resumed: [TransferID] = []
    private var cancelled: [TransferID] = []
    /// When transfers are next checked for stalls, by the monotonic clock in milliseconds.
    private var nextLook = 0
    private let wasWoken = Atomic(false)
    private static let lookMilliseconds = 1000

    /// - Throws: `TransferError.Kind.unusable` if libcurl cannot be initialized.
    package init(_ options: TransferOptions) throws(TransferError) {
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = unsafe curl_multi_init()
        else { throw TransferError(.unusable, "libcurl cannot be initialized") }
        unsafe self.multi = unsafe multi
        self.options = options
        guard unsafe s3_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.keptConnections) == CURLM_OK
        else { throw TransferError(.unusable, "libcurl cannot keep connections") }
        // Creates one handle now, so that an unsuitable libcurl is reported before anything is sent.
        idle.append(try addHandle())
    }

    deinit {
        for handle in handles { unsafe curl_multi_remove_handle(multi, handle.handle) }
        handles.removeAll()
        unsafe curl_multi_cleanup(multi)
    }

    /// The number of running transfers.
    package var active: Int { handles.count - idle.count }

    /// Starts a transfer; keeps the receiver until it has ended.
    ///
    /// - Throws: `noMemory`; `unusable` if a header contains a line end.
    @discardableResult
    package func start(_ request: HTTPRequest, _ receiver: any TransferReceiver) throws(TransferError)
        -> TransferID
    {
        let slot = if let free = idle.popLast() { free } else { try addHandle() }
        let handle = handles[slot]
        do { try handle.begin(request, receiver: receiver) } catch {
            _ = handle.end(CURLE_FAILED_INIT)
            idle.append(slot)
            throw error
        }
        let code = unsafe curl_multi_add_handle(multi, handle.handle)
        guard code == CURLM_OK else {
            _ = handle.end(CURLE_FAILED_INIT)
            idle.append(slot)
            if code == CURLM_OUT_OF_MEMORY { throw TransferError.noMemory }
            throw TransferError(.unusable, unsafe String(cString: curl_multi_strerror(code)))
        }
        return TransferID(slot: slot, generation: handle.generation)
    }

    private func addHandle() throws(TransferError) -> Int {
        handles.append(try EasyHandle(options, certificates: certificates, slot: handles.count))
        return handles.count - 1
    }

    /// Resumes, within the next `perform`, a transfer that its receiver paused.
    package func resume(_ id: TransferID) { resumed.append(id) }

    /// Cancels a transfer, within the current or next `perform`: its receiver gets only the `ended` call.
    package func cancel(_ id: TransferID) { cancelled.append(id) }

    private func handle(_ id: TransferID) -> EasyHandle? {
        let handle = handles[id.slot]
        return handle.generation == id.generation && handle.receiver != nil ? handle : nil
    }

    /// Makes progress without waiting, and reports finished transfers.
    package func perform() {
        endCancelled()
        var running: CInt = 0
        let code = unsafe curl_multi_perform(multi, &running)
        takeUpResumed()
        handOutEnded()
        endSilent()
        endCancelled()
        if code != CURLM_OK { endAll(code) }
    }

    /// Ends each transfer as if its connection had been lost, because libcurl cannot continue.
    private func endAll(_ code: CURLMcode) {
        let ended = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT
        for handle in handles where handle.receiver != nil { finish(handle, ended, as: .connectionLost) }
    }

    private func endCancelled() {
        while !cancelled.isEmpty {
            let ids = cancelled
            cancelled.removeAll()
            for id in ids {
                if let handle = handle(id) { finish(handle, CURLE_ABORTED_BY_CALLBACK, as: .cancelled) }
            }
        }
    }

    private func takeUpResumed() {
        guard !resumed.isEmpty else { return }
        let ids = resumed
        resumed.removeAll(keepingCapacity: true)
        for handle in ids.compactMap(handle) {
            // This call delivers the pending bytes to the receiver.
            handle.resumed()
            let code = unsafe curl_easy_pause(handle.handle, CURLPAUSE_CONT)
            if code != CURLE_OK || handle.refusal != nil { finish(handle, code) }
        }
    }

    private func endSilent() {
        guard active > 0 else { return }
        let now = MonotonicClock.milliseconds
        guard now >= nextLook else { return }
        nextLook = now + Self.lookMilliseconds
        for handle in handles where handle.receiver != nil {
            let patience = handle.patience(now: now)
            if patience > 0 {
                nextLook = min(nextLook, now + patience)
            } else {
                finish(handle, CURLE_OPERATION_TIMEDOUT, as: .stalled)
            }
        }
    }

    private func handOutEnded() {
        var left: CInt = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            // Removing the handle frees the message, so its values are copied first.
            let code = unsafe message.pointee.data.result
            // `EasyHandle` has set it for each handle. If libcurl did not return it, `from` would end the process.
            var context: UnsafeMutableRawPointer?
            unsafe s3_curl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
            finish(unsafe EasyHandle.from(context), code)
        }
    }

    private func finish(_ handle: EasyHandle, _ code: CURLcode, as kind: TransferError.Kind? = nil) {
        // It fails only for a handle that is not in `multi`.
        unsafe curl_multi_remove_handle(multi, handle.handle)
        guard let (receiver, result) = handle.end(code, as: kind) else { return }
        idle.append(handle.slot)
        receiver.ended(result)
    }

    /// Waits until a transfer can continue, one of `descriptors` is ready, `wakeUp` was called, or the time
    /// is over.
    ///
    /// - Returns: for each of `descriptors` whether it is ready; end of file and errors count as ready.
    package func wait(for descriptors: [DescriptorWait], milliseconds: Int) -> [Bool] {
        // A local copy: the property would be checked for exclusive access each time.
        var waiting = self.waiting
        self.waiting = []
        waiting.removeAll(keepingCapacity: true)
        defer { self.waiting = waiting }
        for each in descriptors {
            let events = CShort(each.isWrite ? CURL_WAIT_POLLOUT : CURL_WAIT_POLLIN)
            waiting.append(curl_waitfd(fd: each.descriptor, events: events, revents: 0))
        }
        var milliseconds = milliseconds
        if !cancelled.isEmpty { milliseconds = 0 }
        if active > 0 { milliseconds = max(0, min(milliseconds, nextLook - MonotonicClock.milliseconds)) }
        let code = unsafe curl_multi_poll(
            multi, &waiting, UInt32(waiting.count), CInt(clamping: milliseconds), nil)
        guard code == CURLM_OK else {
            // Input and signals are detected by poll alone, and transfers are checked soon.
            var polled = descriptors.map(\.request)
            let soon = CInt(clamping: min(milliseconds, Self.lookMilliseconds / 10))
            guard unsafe poll(&polled, nfds_t(polled.count), soon) >= 0 else {
                return descriptors.map { _ in false }
            }
            return polled.map { $0.revents != 0 }
        }
        return waiting.map { $0.revents != 0 }
    }

    /// Lets another thread end a `wait`.
    package var waker: TransferWaker { TransferWaker(loop: self) }

    fileprivate func wakeUp() {
        // Before the wait ends.
        wasWoken.store(true, ordering: .releasing)
        // It fails only if the pipe or event of the wait is full, and then the wait ends anyway, or if libcurl has
        // none; then waits end after `lookMilliseconds` while transfers are in progress.
        unsafe curl_multi_wakeup(multi)
    }

    /// Whether `wakeUp` was called since the last call of this method.
    package func takeWakeUp() -> Bool { wasWoken.exchange(false, ordering: .acquiring) }
}

/// Ends the `wait` of a loop from another thread. It retains the loop, which therefore still exists.
package struct TransferWaker: @unchecked Sendable {
    fileprivate let loop: TransferLoop

    /// Makes the current or next `wait` return at once. Source: curl_multi_wakeup(3), which any thread may
    /// call.
    package func wakeUp() { loop.wakeUp() }
}
