/// Limits how many pages of a listing are requested at once. A state machine: times in, a limit out.
///
/// While one page is in flight, other pages are processed. If more pages are in flight than this process can handle in
/// that time, they only wait, and each guessed start costs a request. So a service with little latency gets few requests
/// at once.
struct ListPace {
    /// The shortest time from a request to its parsed page, in microseconds.
    private var shortest: Int?
    /// The processor time when the first page arrived, in microseconds.
    private var start: Int?
    /// The processor time since then, in microseconds, and the number of pages since then.
    private var processor = 0
    private var pages = 0

    /// Records the arrival of a page.
    ///
    /// - Parameters:
    ///   - microseconds: the time since its request.
    ///   - processor: the processor time of the process, in microseconds.
    mutating func received(after microseconds: Int, processor now: Int) {
        shortest = min(shortest ?? microseconds, microseconds)
        guard let start else { return start = now }
        pages += 1
        processor = now - start
    }

    /// The most pages that should be in flight.
    var limit: Int {
        guard let shortest, pages > 0 else { return .max }
        let page = max(1, processor / pages)
        return Self.least + Self.margin * max(0, shortest - page) / page
    }

    /// The least limit, which keeps both the service and this process busy.
    private static let least = 3
    /// How many times more pages are requested than fit into the latency, because later responses may take longer.
    private static let margin = 3
}
