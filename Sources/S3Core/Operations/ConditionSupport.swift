/// Whether a service honors `If-None-Match: *`. Some services silently ignore it. So the first object is sent
/// a second time, and others are sent only if the service refuses that. A state machine without I/O.
final class ConditionSupport {
    enum Admission {
        case send
        /// Send it, send it again, and report the outcome with `ended` or `refuse`.
        case prove
        /// Do not send it: the service ignores the condition, or the run has been stopped.
        case refuse
    }

    private enum State { case unknown, asking, proven, ignored }

    private var state: State
    private var held: [(Admission) -> Void] = []

    /// - Parameter isProven: whether the service is known to honor the condition.
    init(isProven: Bool) { state = isProven ? .proven : .unknown }

    /// The number of requests that wait for the outcome.
    var heldCount: Int { held.count }

    /// Calls `request` with the decision as soon as it is known: at once, or from within `ended` or `refuse`.
    func admit(_ request: @escaping (Admission) -> Void) {
        switch state {
        case .proven: request(.send)
        case .ignored: request(.refuse)
        case .asking: held.append(request)
        case .unknown:
            state = .asking
            request(.prove)
        }
    }

    /// The proof has ended. If it was inconclusive, the next object is tried.
    func ended(isProven: Bool) {
        state = isProven ? .proven : .unknown
        release()
    }

    /// The service has stored the object a second time.
    func refuse() {
        state = .ignored
        release()
    }

    /// Refuses all waiting requests.
    func cancelHeld() {
        let waiting = held
        held.removeAll()
        for request in waiting { request(.refuse) }
    }

    private func release() {
        let waiting = held
        held.removeAll()
        for request in waiting { admit(request) }
    }
}
