import ByteIO
import S3Core

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
    /// The shortest time from a request to its parsed page, in microseconds. Only of full pages: many services
    /// return a page without keys in a fraction of the time.
    private var shortest: Int?
    /// The number of keys in the largest page.
    private var largest = 0
    /// The processor time when the last page arrived, in microseconds.
    private var lastProcessor: Int?
    /// The average processor time of recent pages, in microseconds, and the number of pages in it.
    private var page = 0
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
    ///   - keys: the number of keys in the page; nil if the request failed.
    ///   - now: the monotonic time, in microseconds.
    ///   - processor: the processor time of the process, in microseconds.
    mutating func received(_ number: Int, keys: Int?, now: Int, processor used: Int) {
        guard let request = sent[number] else { return }
        defer { sent[number] = nil }
        guard let keys else { return }
        let time = max(0, now - request)
        if keys > 2 * largest { shortest = nil }
        largest = max(largest, keys)
        if 2 * keys >= largest { shortest = min(shortest ?? time, time) }
        // The page has waited until this process had handled the others.
        if let shortest, time > Self.patience * shortest + page * sent.count {
            // Later requests show whether a smaller window suffices.
            if request > shrunk { shrink(at: now) }
        } else if 4 * sent.count >= window {
            window += shrunk == .min ? Self.growth : 1
        }
        countProcessor(used)
    }

    private mutating func shrink(at now: Int) {
        // If even the fewest requests are slow, the service has become slower.
        if window == Self.least { shortest = nil }
        window = max(Self.least, window / 2)
        shrunk = now
    }

    private mutating func countProcessor(_ used: Int) {
        defer { lastProcessor = used }
        guard let lastProcessor else { return }
        pages = min(pages + 1, Self.recent)
        page += (used - lastProcessor - page) / pages
    }

    /// The number of pages that may be requested now.
    var room: Int { max(0, limit - sent.count) }

    /// The most pages that should be in flight.
    var limit: Int {
        guard let shortest, pages > 0 else { return window }
        let page = max(1, page)
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
    /// The number of recent pages: more than arrive at once, of which the first seems to cost all the processor time.
    private static let recent = 64
}

extension ListPace {
    /// Records a request that is sent now.
    mutating func requested(_ number: Int) { requested(number, now: MonotonicClock.microseconds) }

    /// Records a result that arrives now.
    mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        received(
            number, keys: try? result.get().objects.count, now: MonotonicClock.microseconds,
            processor: MonotonicClock.processorMicroseconds)
    }
}
