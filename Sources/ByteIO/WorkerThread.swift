/// A thread that blocks all signals: the main thread handles them, because only there do they end a wait.
///
/// Source: pthread_create(3), pthread_sigmask(3).
struct WorkerThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    /// - Parameter name: the thread's name in error messages.
    init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        // It fails only for an unknown first argument.
        unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
        let context = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            unsafe context.release()
            throw SystemError("cannot start the \(name)", code: code)
        }
        self.thread = thread
    }

    /// Waits until the thread has ended; must be called once, from another thread: then it cannot fail.
    func join() { _ = pthread_join(thread, nil) }
}
