/// Waits for descriptors; any thread may end the wait.
///
/// Source: poll(2), pipe(7).
package final class PollWait: Sendable {
    /// Readable once `wakeUp` was called.
    private let reading: CInt
    private let writing: CInt

    package init() throws(SystemError) {
        (reading, writing) = try openPipe("pipe")
        // Non-blocking: if the pipe is full, the wait ends anyway.
        for end in [reading, writing] { _ = try restarting("pipe") { fcntl(end, F_SETFL, O_NONBLOCK) } }
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// A closure that ends the current or the next wait; any thread may call it.
    package var wakeUp: @Sendable () -> Void {
        { [self] in
            var byte: UInt8 = 0
            // If the pipe is full, the bytes in it end the wait as well.
            _ = unsafe write(writing, &byte, 1)
        }
    }

    /// Waits until one of `descriptors` is ready, `wakeUp` was called, a signal arrived, or the time is over.
    ///
    /// - Parameter milliseconds: nil for no time limit.
    /// - Returns: for each of `descriptors` whether it is ready.
    package func wait(for descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        var polled = (descriptors + [.read(reading)]).map(\.request)
        let timeout = milliseconds.map { CInt(clamping: max(0, $0)) } ?? -1
        // If a signal interrupted poll, its pipe is among the descriptors, so the next wait finds it.
        guard unsafe poll(&polled, nfds_t(polled.count), timeout) >= 0 else {
            return descriptors.map { _ in false }
        }
        if polled[descriptors.count].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 256)
            // Bytes that are left only make the next wait return early.
            _ = unsafe read(reading, &bytes, bytes.count)
        }
        return polled.dropLast().map { $0.revents != 0 }
    }
}

/// Opens a pipe whose ends commands do not inherit. Source: pipe(2).
///
/// - Parameter name: the pipe's name in messages.
package func openPipe(_ name: String) throws(SystemError) -> (reading: CInt, writing: CInt) {
    var ends: [CInt] = [-1, -1]
    _ = try restarting(name) { unsafe pipe(&ends) }
    do { for end in ends { _ = try restarting(name) { fcntl(end, F_SETFD, FD_CLOEXEC) } } } catch {
        for end in ends { close(end) }
        throw error
    }
    return (ends[0], ends[1])
}
