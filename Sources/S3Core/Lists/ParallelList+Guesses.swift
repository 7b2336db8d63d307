import ByteIO

/// Chooses where idle connections start new segments.
extension ParallelList {
    /// The number of guesses allowed. Each costs one request, and each segment ends with a page that overlaps
    /// the next segment.
    private func allowedGuesses(open: Int) -> Int {
        let useful = Double(keys) / Double(keysOfPage)
        let guesses = inFlight.values.reduce(0) { if case .guess = $1 { $0 + 1 } else { $0 } }
        let spent = Double(nextNumber + open + guesses)
        return Int(
            min(2 * useful + Self.spareRequests - spent, useful * Self.ambition + Self.freeRequests - spent)
                / 2)
    }
    private static let spareRequests = 60.0
    private static let ambition = 1.5
    private static let freeRequests = 56.0

    mutating func guesses(free: Int, among open: [(index: Int, position: Double)]) -> [Request] {
        let reach = reach
        let near = open.filter { segments[$0.index].guesses == 0 && $0.position < reach }
            .map {
                (index: $0.index, pages: min(estimate($0.index), reach - $0.position), position: $0.position)
            }
            .sorted { $0.pages > $1.pages }
        let total = open.reduce(0) { $0 + max(0, min(estimate($1.index), reach - $1.position)) }
        let piece = min(max(Self.leastPiece, total / Double(free + inFlight.count)), Self.mostPiece)
        var left = min(free, allowedGuesses(open: open.count))
        var requests: [Request] = []
        for (index, pages, position) in near {
            guard left > 0, pages >= 2 * piece else { break }
            let most = min(Double(left), room(at: position + pages))
            guard most >= 1 else { continue }
            for key in split(index, into: piece, near: pages, most: Int(most)) {
                var listing = ObjectListing(prefix: prefix, startAfter: key, readsDetails: readsDetails)
                guard let operation = listing.next() else { continue }
                requests.append(request(operation, .guess(key, listing, for: segments[index].number)))
                segments[index].guesses += 1
                left -= 1
            }
        }
        return requests
    }
    /// The target number of pages per segment. Longer segments would save few requests, and where the estimate is too
    /// high, there would be too few of them.
    private static let leastPiece = 1.3
    private static let mostPiece = 8.0

    /// The known end of a segment.
    private func end(of index: Int) -> [UInt8]? {
        if let key = segments[index].emptyAfter { return key }
        return index + 1 < segments.count ? segments[index + 1].after : endBefore
    }

    /// A segment as a range of key numbers.
    private struct Range {
        /// The length of the prefix that its keys share.
        let base: Int
        let low: Double
        let high: Double
        /// The width of a page.
        let page: Double
        /// True if its end is too far away to have a number.
        let isCut: Bool

        var pages: Double { max(0, high - low) / page }
    }

    private func range(_ index: Int) -> Range? {
        guard let last = segments[index].last, let density = segments[index].density else { return nil }
        let end = end(of: index)
        var base = max(prefix.count, end.map { last.commonCount(with: $0) } ?? 0)
        let detail = density.first.commonCount(with: density.last) + 1
        var isCut = false
        while base < detail, alphabet.bits(of: density.first, from: base, to: detail) > Self.mostBits {
            base += 1
            isCut = true
        }
        let low = alphabet.number(of: last, base: base)
        let high = isCut ? 1 : end.map { alphabet.number(of: $0, base: base) } ?? 1
        let span =
            alphabet.number(of: density.last, base: base) - alphabet.number(of: density.first, base: base)
        guard span > 0 else { return nil }
        return Range(
            base: base, low: low, high: high, page: span / Double(density.count) * Double(keysOfPage),
            isCut: isCut)
    }
    private static let mostBits = 40.0

    /// The estimated number of pages left in a segment.
    mutating func estimate(_ index: Int) -> Double {
        if let left = segments[index].left { return left }
        let left = range(index).map { $0.isCut ? max($0.pages, 4096) : $0.pages } ?? 8
        segments[index].left = left
        return left
    }

    /// Keys at which to split a segment: evenly spaced within `near` pages of its start and, if the segment
    /// is longer, a few at increasing distances.
    private func split(_ index: Int, into piece: Double, near: Double, most: Int) -> [[UInt8]] {
        guard let range = range(index), let last = segments[index].last else { return [] }
        var places: [Double] = []
        let evenly = max(1, Int(near / piece) - 1)
        if near >= range.pages * 0.9, evenly <= most {
            for number in 1...evenly { places.append(range.pages * Double(number) / Double(evenly + 1)) }
        } else {
            let count = min(most, evenly)
            let far = segments.count > 1 && index + 1 < segments.count ? 0 : min(count / 2, Self.farGuesses)
            for number in 1...max(1, count - far) { places.append(piece * Double(number)) }
            if far > 0, let place = places.last {
                // The farthest guess is at the end that earlier pages suggest.
                let ratio = max(1.5, pow(max(range.pages, place * 2) / place, 1 / Double(far + 1)))
                for number in 1...far { places.append(place * pow(ratio, Double(number))) }
            }
        }
        let end = end(of: index)
        var keys: [[UInt8]] = []
        for place in places where place < range.pages {
            let key = alphabet.key(
                of: range.low + place * range.page, after: last.prefix(range.base),
                precision: range.page / 16)
            guard (keys.last ?? last).precedes(key), end.map({ key.precedes($0) }) ?? true else { continue }
            keys.append(key)
        }
        if range.isCut, keys.count < most, let key = last.prefix(range.base).successor,
            (keys.last ?? last).precedes(key), end.map({ key.precedes($0) }) ?? true
        {
            keys.append(key)
        }
        return keys
    }
    private static let farGuesses = 16
}
