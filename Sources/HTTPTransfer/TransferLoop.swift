package import ByteIO
import CCurl

/// What a receiver wants next.
package enum ReceiveFlow: Sendable {
    /// The bytes were taken.
    case more
    /// They were not taken: the same bytes come again after `TransferLoop.resume`.
    case pause
    /// The rest of the answer is not wanted; the transfer ends with `TransferError.Kind.cancelled`.
    case cancel
}

/// How a transfer ended.
package struct TransferResult: Sendable {
    /// The answer's head; its status is 0 if none came.
    package let head: HTTPResponseHead
    /// Nil if the whole answer is there.
    package let error: TransferError?
    /// How many bytes of the body were taken.
    package let bytesReceived: Int
    /// From start to end.
    package let microseconds: Int
}

/// Takes one answer.
package protocol TransferReceiver: AnyObject {
    /// Takes bytes of the body, in order. Must not start, resume or cancel a transfer.
    func received(_ bytes: RawSpan, head: HTTPResponseHead) -> ReceiveFlow
    /// The last call for a transfer. May start others.
    func ended(_ result: TransferResult)
}

/// A transfer under way.
package struct TransferID: Equatable, Sendable {
    fileprivate let slot: Int
    fileprivate let generation: Int
}

/// All of a tool's transfers in one thread, with whatever else it waits for.
///
/// A turn lets libcurl do what it can, hands out what ended, and waits until a socket, one of the caller's
/// descriptors or the clock has something new. Source: libcurl-multi(3).
@safe package final class TransferLoop {
    private let multi: UnsafeMutableRawPointer
    private let options: TransferOptions
    private var handles: [EasyHandle] = []
    private var idle: [Int] = []
    private var waiting: [curl_waitfd] = []
    // libcurl must not be called from its own callbacks, nor a receiver while it does something else: what is asked for
    // is done in `perform`.
    private var resumed: [TransferID] = []
    private var cancelled: [TransferID] = []
    /// When transfers are looked at next, for one that is silent; by the monotonic clock, in milliseconds.
    private var nextLook = 0
    private static let lookMilliseconds = 1000

    /// - Throws: `TransferError.Kind.unusable` if libcurl cannot be set up.
    package init(_ options: TransferOptions) throws(TransferError) {
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = unsafe curl_multi_init()
        else { throw TransferError(.unusable, "libcurl cannot be initialised") }
        unsafe self.multi = unsafe multi
        self.options = options
        guard unsafe s3_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.keptConnections) == CURLM_OK
        else { throw TransferError(.unusable, "libcurl cannot keep connections") }
        // One at once: a libcurl that is none for these transfers is told of before anything is sent.
        idle.append(try addHandle())
    }

    deinit {
        for handle in handles { unsafe curl_multi_remove_handle(multi, handle.handle) }
        handles.removeAll()
        unsafe curl_multi_cleanup(multi)
    }

    /// How many transfers are under way.
    package var active: Int { handles.count - idle.count }

    /// Starts a transfer; the receiver is kept until it has ended.
    ///
    /// - Throws: `noMemory`; `unusable` if a header field would end its line early.
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
        handles.append(try EasyHandle(options, slot: handles.count))
        return handles.count - 1
    }

    /// Goes on, within the next `perform`, with a transfer whose receiver paused it.
    package func resume(_ id: TransferID) { resumed.append(id) }

    /// Ends a transfer, within the `perform` that is under way or the next one: its receiver gets nothing more but the
    /// end.
    package func cancel(_ id: TransferID) { cancelled.append(id) }

    private func handle(_ id: TransferID) -> EasyHandle? {
        let handle = handles[id.slot]
        return handle.generation == id.generation && handle.receiver != nil ? handle : nil
    }

    /// Does what can be done without waiting, and hands out what ended.
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

    /// libcurl cannot go on: each transfer ends as if its connection had been lost.
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
            // The bytes that were held back come to the receiver in here.
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
            // The message dies with the handle's removal: copy first.
            let code = unsafe message.pointee.data.result
            var context: UnsafeMutableRawPointer?
            unsafe s3_curl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
            finish(unsafe EasyHandle.from(context), code)
        }
    }

    private func finish(_ handle: EasyHandle, _ code: CURLcode, as kind: TransferError.Kind? = nil) {
        unsafe curl_multi_remove_handle(multi, handle.handle)
        guard let (receiver, result) = handle.end(code, as: kind) else { return }
        idle.append(handle.slot)
        receiver.ended(result)
    }

    /// Waits until a transfer can go on, one of `descriptors` can be read or written, `wakeUp` was called or the time
    /// is over.
    ///
    /// - Returns: for each of `descriptors` whether it can: also with the end, or an error.
    package func wait(for descriptors: [DescriptorWait], milliseconds: Int) -> [Bool] {
        waiting.removeAll(keepingCapacity: true)
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
            // Input and signals are seen without it, and transfers are looked at soon.
            var polled = descriptors.map(\.request)
            let soon = CInt(clamping: min(milliseconds, Self.lookMilliseconds / 10))
            guard unsafe poll(&polled, nfds_t(polled.count), soon) >= 0 else {
                return descriptors.map { _ in false }
            }
            return polled.map { $0.revents != 0 }
        }
        return waiting.map { $0.revents != 0 }
    }

    /// What another thread may use to end a `wait`.
    package var waker: TransferWaker { TransferWaker(loop: self) }

    fileprivate func wakeUp() { unsafe curl_multi_wakeup(multi) }
}

/// Ends the `wait` of a loop from another thread. It keeps the loop, which therefore cannot be gone.
package struct TransferWaker: @unchecked Sendable {
    fileprivate let loop: TransferLoop

    /// The next or current `wait` returns at once. Source: curl_multi_wakeup(3), which any thread may call.
    package func wakeUp() { loop.wakeUp() }
}
