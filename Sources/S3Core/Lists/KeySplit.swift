import ByteIO

/// Finds keys that divide a listing into ranges of about equal numbers of keys, from sampled pages. A state
/// machine: pages in, requests out, and boundary keys at the end.
///
/// Between two pages is a gap. The number of keys in it is estimated from the density of the pages at both
/// ends; if it may exceed a fraction of a range, a page inside the gap is requested. So dense regions are
/// sampled densely, and a small listing is read completely. If the service ignores `start-after` or does not
/// list in byte order, all pages are read in sequence.
///
/// A range contains the keys after one boundary and before the next, so a key equal to a boundary would be in
/// neither. Therefore a boundary is a key with one TAB more appended than any listed key ends in, which is not
/// in the listing and is unlikely to be created.
package struct KeySplit {
    private let prefix: [UInt8]
    private let startAfter: [UInt8]?
    private let endBefore: [UInt8]?
    private let ranges: Int

    private var samples: [KeySample] = []
    private var alphabet = KeyAlphabet()
    /// The most TABs at the end of a key.
    private var mostTabs = 0
    private var nextNumber = 0
    private var inFlight: [Int: Purpose] = [:]
    private var hasBegun = false
    private var hasLookedFar = false
    /// The keys after which pages are requested next.
    private var probes: [[UInt8]] = []
    /// The sequential listing of all pages; nil if `start-after` works.
    private var listing: ObjectListing?
    /// The error that prevents the split.
    private var failure: S3Error?

    private enum Purpose {
        case first
        case probe([UInt8])
        case page
    }

    /// The maximum number of ranges.
    package static let maximumRanges = 10_000
    private static let requestsForEach = 8
    private static let spareRequests = 256
    /// A gap is not sampled if it can hold less than a range divided by this.
    private static let fraction = 4.0
    /// The maximum number of retained keys: per range, and in addition.
    private static let keptForEach = 16
    private static let keptForAll = 1 << 14

    /// - Parameters:
    ///   - startAfter: a whole key; only keys after it are divided.
    ///   - endBefore: a whole key; only keys before it are divided.
    ///   - ranges: the number of ranges, at least 1.
    ///   - isParallel: false to read all pages in sequence.
    package init(
        prefix: [UInt8], startAfter: [UInt8]? = nil, endBefore: [UInt8]? = nil, ranges: Int,
        isParallel: Bool = true
    ) {
        self.prefix = prefix
        self.startAfter = startAfter
        self.endBefore = endBefore
        self.ranges = ranges
        if !isParallel { listPageByPage() }
    }

    /// The number of requests made.
    package var requestCount: Int { nextNumber }

    /// True once no more requests are needed.
    package var isAtEnd: Bool {
        guard failure == nil else { return true }
        guard inFlight.isEmpty, hasBegun else { return false }
        return listing?.isAtEnd ?? probes.isEmpty
    }

    // MARK: requests

    /// The requests to make now.
    ///
    /// - Parameter free: the number of idle connections.
    package mutating func requests(free: Int) -> [ListRequest] {
        guard failure == nil, free > 0 else { return [] }
        if listing != nil {
            hasBegun = true
            guard let operation = listing?.next() else { return [] }
            return [request(operation, .page)]
        }
        guard hasBegun else {
            hasBegun = true
            return [request(ListObjectsV2(prefix: prefix, startAfter: startAfter), .first)]
        }
        let now = probes.prefix(free)
        probes.removeFirst(now.count)
        return now.map { request(ListObjectsV2(prefix: prefix, startAfter: $0), .probe($0)) }
    }

    private mutating func request(_ operation: ListObjectsV2, _ purpose: Purpose) -> ListRequest {
        nextNumber += 1
        inFlight[nextNumber] = purpose
        return ListRequest(number: nextNumber, operation: operation)
    }

    /// Plans the next round of probes, once all responses of the previous round have arrived.
    private mutating func planRound() {
        guard listing == nil, inFlight.isEmpty, probes.isEmpty, ranges > 1, let last = samples.last else {
            return
        }
        let most = min(Self.probesAtOnce, Self.requestsForEach * ranges + Self.spareRequests - nextNumber)
        guard most > 0 else { return }
        if !hasLookedFar, !last.isClosed {
            probes = farKeys(after: last.last ?? last.after ?? prefix, atMost: most)
        }
        hasLookedFar = true
        if probes.isEmpty { probes = wanted(gaps(), atMost: most) }
    }
    private static let probesAtOnce = 64

    /// Keys spread over the whole range, for when only its start is known.
    private func farKeys(after last: [UInt8], atMost most: Int) -> [[UInt8]] {
        let base = max(prefix.count, endBefore.map { last.commonCount(with: $0) } ?? 0)
        let beginning = [UInt8](last.prefix(base))
        return Self.farSigns.map { beginning + [UInt8](String($0).utf8) }
            .filter { key in last.precedes(key) && endBefore.map { key.precedes($0) } ?? true }.prefix(most)
            .map { $0 }
    }
    private static let farSigns: [Unicode.Scalar] = [
        "!", "0", "4", "8", ":", "A", "H", "P", "[", "a", "d", "g", "k", "o", "s", "w", "{", "\u{80}",
        "\u{4E00}",
        "\u{10000}",
    ]

    // MARK: gaps

    /// The gap after a sample, as numbers of keys that share a prefix.
    private struct Gap {
        let index: Int
        let base: Int
        let low: Double
        let width: Double
        /// The estimated number of keys: by the density at both ends; and by the greater one.
        let keys: Double
        let most: Double
        /// True if a page at one of its ends is so dense that it is a point at the scale of the gap.
        let isCut: Bool
    }

    private func end(of index: Int) -> [UInt8]? {
        samples[index].emptyAfter ?? (index + 1 < samples.count ? samples[index + 1].after : endBefore)
    }

    private func gap(_ index: Int) -> Gap? {
        let sample = samples[index]
        guard !sample.isClosed, let last = sample.last ?? sample.after else { return nil }
        let end = end(of: index)
        let base = max(prefix.count, end.map { last.commonCount(with: $0) } ?? 0)
        let low = alphabet.number(of: last, base: base)
        let width = max(0, (end.map { alphabet.number(of: $0, base: base) } ?? 1) - low)
        var densities: [Double] = []
        if let density = sample.density(last.prefix(base), alphabet) { densities.append(density) }
        if index + 1 < samples.count, let density = samples[index + 1].density(last.prefix(base), alphabet) {
            densities.append(density)
        }
        let count = Double(max(1, sample.count))
        // Keys so far from a page, relative to its width, are likely to follow another pattern, so its
        // density does not apply.
        let near = densities.map { $0 * width }.filter { $0 < Self.farthest * count }
        let isCut = near.count < densities.count
        return Gap(
            index: index, base: base, low: low, width: width,
            keys: near.isEmpty ? count : near.reduce(0, +) / Double(near.count),
            most: isCut ? .infinity : near.max() ?? count, isCut: isCut)
    }
    /// The density of a page does not apply farther away than this many times its width.
    private static let farthest = 0x1p12

    /// A key after all keys that share a prefix with the sample, if the prefix ends with the greatest byte
    /// seen at its position: no page has shown whether greater bytes occur there. Of several, the nearest one
    /// that may hide more than `piece` keys.
    private func unseenKey(in gap: Gap, piece: Double) -> [UInt8]? {
        let sample = samples[gap.index]
        guard let first = sample.kept.first?.key, let last = sample.last else { return nil }
        let end = end(of: gap.index)
        let detail = min(max(gap.base, first.commonCount(with: last)) + 1, last.count)
        for length in stride(from: detail, to: gap.base, by: -1) {
            // The unknown part is assumed to be as large as the known part next to it.
            guard alphabet.isGreatest(in: last, at: length - 1, isSure: length > gap.base + 1),
                let density = sample.density(last.prefix(length - 1), alphabet), density > piece,
                let key = last.prefix(length).successor
            else { continue }
            if end.map({ key.lexicographicallyPrecedes($0.prefix(length)) }) ?? true { return key }
        }
        return nil
    }

    private func gaps() -> [Gap] { samples.indices.compactMap { gap($0) } }

    private func total(_ gaps: [Gap]) -> Double {
        gaps.reduce(Double(samples.reduce(0) { $0 + $1.count })) { $0 + $1.keys }
    }

    /// The next probes: in the gaps that may hold the most keys.
    private func wanted(_ gaps: [Gap], atMost most: Int) -> [[UInt8]] {
        let piece = total(gaps) / Double(ranges) / Self.fraction
        var keys: [[UInt8]] = gaps.compactMap { unseenKey(in: $0, piece: piece) }
        for gap in gaps.sorted(by: { $0.most > $1.most }) where gap.most > piece {
            guard keys.count < most else { break }
            let found =
                gap.isCut
                ? steps(in: gap) : places(in: gap, count: Int(min(gap.most / piece, Self.mostInGap)))
            keys += found.prefix(most - keys.count).filter { !keys.contains($0) }
        }
        return [[UInt8]](keys.prefix(most))
    }
    private static let mostInGap = 16.0
    private static let mostSteps = 12

    private func places(in gap: Gap, count: Int) -> [[UInt8]] {
        guard let last = samples[gap.index].last ?? samples[gap.index].after else { return [] }
        let end = end(of: gap.index)
        var keys: [[UInt8]] = []
        func add(_ key: [UInt8]) {
            guard (keys.last ?? last).precedes(key), end.map({ key.precedes($0) }) ?? true else { return }
            keys.append(key)
        }
        for number in 1...max(1, count) {
            let step = gap.width / Double(count + 1)
            add(
                alphabet.key(
                    of: gap.low + step * Double(number), after: last.prefix(gap.base), precision: step / 16))
        }
        return keys
    }

    /// Keys at increasing distances from a page that is a point at the scale of its gap: each comes after all
    /// keys that share a shorter and shorter prefix with the page's last key.
    private func steps(in gap: Gap) -> [[UInt8]] {
        guard let last = samples[gap.index].last ?? samples[gap.index].after else { return [] }
        let end = end(of: gap.index)
        let first = samples[gap.index].kept.first?.key ?? last
        let detail = max(gap.base + 1, first.commonCount(with: last) + 1)
        let lengths = (gap.base + 1...detail).filter {
            $0 <= last.count && alphabet.bits(of: last, from: $0 - 1, to: $0) > 0
        }
        let stride = max(1, (lengths.count + Self.mostSteps - 1) / Self.mostSteps)
        var keys: [[UInt8]] = []
        for (number, length) in lengths.reversed().enumerated() where number.isMultiple(of: stride) {
            guard let key = last.prefix(length).successor, (keys.last ?? last).precedes(key),
                end.map({ key.precedes($0) }) ?? true
            else { continue }
            keys.append(key)
        }
        return keys.isEmpty ? places(in: gap, count: 1) : keys
    }

    // MARK: pages

    /// Takes the result of a request that `requests` returned.
    package mutating func received(_ number: Int, _ result: Result<ListObjectsV2.Page, S3Error>) {
        guard let purpose = inFlight.removeValue(forKey: number) else { return }
        do throws(S3Error) {
            let page = try result.get()
            for object in page.objects where object.key.last == Self.tab {
                mostTabs = max(mostTabs, object.key.reversed().prefix { $0 == Self.tab }.count)
            }
            switch purpose {
            case .page: try receivedPage(page)
            case .first, .probe: if listing == nil { receivedSample(page, purpose) }
            }
        } catch { failure = failure ?? error }
        thinOut()
        planRound()
    }

    private mutating func receivedSample(_ page: ListObjectsV2.Page, _ purpose: Purpose) {
        var after = startAfter
        if case .probe(let key) = purpose { after = key }
        guard page.objects.isInOrder(after: after) else { return listPageByPage() }
        alphabet.learn(page.objects)
        let isLast = page.continuationToken == nil
        let index = samples.lastIndex { $0.after.map { after.map($0.precedes) ?? false } ?? (after != nil) }
        // The page starts inside one that arrived meanwhile.
        if let index, let after, samples[index].isClosed || !(samples[index].last?.precedes(after) ?? true) {
            return
        }
        let next = index.map { $0 + 1 } ?? 0
        let end = next < samples.count ? samples[next].after : nil
        let inside = page.objects.prefix { object in
            (end.map { !$0.precedes(object.key) } ?? true)
                && (endBefore.map { object.key.precedes($0) } ?? true)
        }
        let isClosed = inside.count < page.objects.count || isLast
        if let index, inside.isEmpty {
            // An empty page may be followed by others.
            guard isClosed else { return }
            if let after, samples[index].emptyAfter.map({ after.precedes($0) }) ?? true {
                samples[index].emptyAfter = after
            }
            return
        }
        var sample = KeySample(after: after)
        sample.append(inside)
        sample.isClosed = isClosed
        if let index {
            sample.emptyAfter = samples[index].emptyAfter
            samples[index].emptyAfter = nil
        }
        samples.insert(sample, at: next)
    }

    private mutating func listPageByPage() {
        listing = ObjectListing(prefix: prefix, startAfter: startAfter)
        samples = [KeySample(after: startAfter)]
        inFlight.removeAll()
        probes.removeAll()
    }

    private mutating func receivedPage(_ page: ListObjectsV2.Page) throws(S3Error) {
        guard let objects = try listing?.received(page).objects else { return }
        samples[0].append(
            objects.filter { object in
                (startAfter.map { $0.precedes(object.key) } ?? true)
                    && (endBefore.map { object.key.precedes($0) } ?? true)
            })
        guard listing?.isAtEnd ?? true else { return }
        samples[0].isClosed = true
        samples[0].sort()
    }

    private mutating func thinOut() {
        while samples.reduce(0, { $0 + $1.kept.count }) > Self.keptForEach * ranges + Self.keptForAll {
            let before = samples.reduce(0) { $0 + $1.kept.count }
            for index in samples.indices { samples[index].thinOut() }
            guard samples.reduce(0, { $0 + $1.kept.count }) < before else { return }
        }
    }

    // MARK: boundaries

    /// The boundaries between the ranges: whole keys in order, one less than the number of ranges. Some are
    /// equal if there are few keys.
    ///
    /// - Throws: the error that prevented the split.
    package func boundaries() throws(S3Error) -> [[UInt8]] {
        if let failure { throw failure }
        let gaps = gaps()
        let total = total(gaps)
        var boundaries: [[UInt8]] = []
        var number = 1
        var keysBefore = 0.0
        var last = startAfter ?? prefix
        /// The offset of the next boundary, if it is within the next `keys` keys.
        func ends(before keys: Double) -> Double? {
            guard number < ranges else { return nil }
            let place = (Double(number) * total / Double(ranges)).rounded(.down) - keysBefore
            return place < keys ? max(0, place) : nil
        }
        func add(_ key: [UInt8]) {
            var boundary = boundary(after: key)
            if let endBefore, endBefore.precedes(boundary) { boundary = endBefore }
            if let least = boundaries.last ?? startAfter, boundary.precedes(least) { boundary = least }
            boundaries.append(boundary)
            number += 1
        }
        for (index, sample) in samples.enumerated() {
            while let place = ends(before: Double(sample.count)) {
                add(sample.key(atMost: Int(place)) ?? last)
            }
            keysBefore += Double(sample.count)
            last = sample.last ?? last
            guard let gap = gaps.first(where: { $0.index == index }) else { continue }
            while let place = ends(before: gap.keys) {
                let key = alphabet.key(
                    of: gap.low + gap.width * place / gap.keys, after: last.prefix(gap.base),
                    precision: gap.width / 1024)
                let isInside = last.precedes(key) && end(of: index).map { key.precedes($0) } ?? true
                add(isInside ? key : last)
            }
            keysBefore += gap.keys
        }
        while number < ranges { add(last) }
        return boundaries
    }

    /// A string directly after a key that is unlikely to be a key itself.
    private func boundary(after key: [UInt8]) -> [UInt8] {
        let tabs = [UInt8](repeating: Self.tab, count: mostTabs + 1)
        let most = max(0, ObjectKey.maximumLength - tabs.count)
        return (key.count > most ? [UInt8](key.prefix(most)).validUTF8Prefix : key) + tabs
    }
    private static let tab = UInt8(ascii: "\t")
}
