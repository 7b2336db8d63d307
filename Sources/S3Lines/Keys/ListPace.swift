/// Limits how many pages of a listing are requested at once. A state machine: times in, a limit out.
///
/// Two things limit it:
///
/// - This process. While one page is in flight, other pages are processed. If more pages are in flight than this
///   process can handle in that time, they only wait, and each guessed start costs a request. So a service with little
///   latency gets few requests at once.
/// - The service. Some read a whole folder for each page, so that concurrent requests only slow each other down, and
///   fill the service's memory. So the limit starts low, grows as long as responses take about as long as the first
///   ones, and shrinks if they take several times as long.
struct ListPace {
    /// The monotonic time of each request in flight, in microseconds, by its number.
    private var sent: [Int: Int] = [:]
    /// The shortest time from a request to its parsed page, in microseconds.
    private var shortest: Int?
    /// The processor time when the first page arrived, in microseconds.
    private var start: Int?
    /// The processor time since then, in microseconds, and the number of pages since then.
    private var processor = 0
    private var pages = 0
    /// The number of pages in flight that the service seems to bear.
    private var window = Self.first
    /// The monotonic time at which the window shrank last, in microseconds.
    private var shrunk = Int.min

    /// Records a request.
    ///
    /// - Parameter now: the monotonic time, in microseconds.
    mutating func requested(_ number: Int, now: Int) { sent[number] = now }

    /// Records the response to a request.
    ///
    /// - Parameters:
    ///   - now: the monotonic time, in microseconds.
    ///   - processor: the processor time of the process, in microseconds.
    mutating func received(_ number: Int, now: Int, processor used: Int) {
        guard let request = sent[number] else { return }
        let time = max(0, now - request)
        let shortest = min(shortest ?? time, time)
        self.shortest = shortest
        // The page has waited until this process had handled the others.
        let own = pages == 0 ? 0 : processor / pages * sent.count
        if time > Self.patience * shortest + own {
            // Later requests show whether a smaller window suffices.
            if request > shrunk {
                window = max(Self.least, window / 2)
                shrunk = now
            }
        } else if 4 * sent.count >= window {
            window += shrunk == .min ? Self.growth : 1
        }
        sent[number] = nil
        guard let start else { return start = used }
        pages += 1
        processor = used - start
    }

    /// The number of pages that may be requested now.
    var room: Int { max(0, limit - sent.count) }

    /// The most pages that should be in flight.
    var limit: Int {
        guard let shortest, pages > 0 else { return window }
        let page = max(1, processor / pages)
        return min(window, Self.least + Self.margin * max(0, shortest - page) / page)
    }

    /// The least limit, which keeps both the service and this process busy.
    private static let least = 3
    /// The first limit of a service.
    private static let first = 8
    /// How much the limit grows with each page until it shrinks for the first time: it triples in each round trip.
    private static let growth = 2
    /// How many times more pages are requested than fit into the latency, because later responses may take longer.
    private static let margin = 3
    /// How many times the shortest time a response may take.
    private static let patience = 4
}
