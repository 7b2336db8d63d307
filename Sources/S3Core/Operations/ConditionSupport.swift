/// Whether a service keeps to `If-None-Match: *`. Not every one does, and one that does not says nothing. So the first
/// object is sent a second time: only where that is refused are others sent. A plain state machine.
final class ConditionSupport {
    enum Admission {
        case send
        /// Send it, send it again, and say with `ended` or `refuse` what came of it.
        case prove
        /// Do not send it: the service ignores the condition, or the run has been stopped.
        case refuse
    }

    private enum State { case unknown, asking, proven, ignored }

    private var state: State
    private var held: [(Admission) -> Void] = []

    /// - Parameter isProven: whether the service is known to keep to it.
    init(isProven: Bool) { state = isProven ? .proven : .unknown }

    /// How many requests wait for the proof.
    var heldCount: Int { held.count }

    /// Calls `request` as soon as it is known what is to be done: at once, or from within `ended` or `refuse`.
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

    /// The proof has ended. Where it proved nothing, the next object is to.
    func ended(isProven: Bool) {
        state = isProven ? .proven : .unknown
        release()
    }

    /// The service has taken the object a second time.
    func refuse() {
        state = .ignored
        release()
    }

    /// What waits is not to be sent.
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
