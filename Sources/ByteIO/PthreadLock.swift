/// A mutex with a condition variable. Source: pthread_mutex_lock(3), pthread_cond_wait(3).
@safe final class PthreadLock: Sendable {
    nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Notifies waiting threads; call with the lock held.
    func changed() { unsafe pthread_cond_broadcast(condition) }

    /// Waits for a notification; call with the lock held. The lock is released meanwhile.
    func wait() { unsafe pthread_cond_wait(condition, mutex) }
}
