import Randomness
import S3Core
import Testing

/// Dividing a listing into ranges by sampling a few pages.
@Suite struct KeySplitTests {
    static func split(_ bucket: ListedBucket, _ split: KeySplit) throws -> (
        boundaries: [[UInt8]], requests: Int
    ) {
        var split = split
        while !split.isAtEnd {
            let requests = split.requests(free: 16)
            try #require(!requests.isEmpty, "stuck")
            for request in requests.reversed() {
                split.received(request.number, .success(bucket.page(request.operation)))
            }
        }
        return (try split.boundaries(), split.requestCount)
    }

    /// The number of sorted keys in each range; a key equal to a boundary is in none.
    static func sizes(_ keys: [[UInt8]], _ boundaries: [[UInt8]]) -> [Int] {
        var places = [0]
        for boundary in boundaries {
            var (low, high) = (0, keys.count)
            while low < high {
                let middle = (low + high) / 2
                if keys[middle].lexicographicallyPrecedes(boundary) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            #expect(low == keys.count || keys[low] != boundary, "\(boundary) of \(keys)")
            places.append(low)
        }
        return zip(places, places.dropFirst() + [keys.count]).map { $1 - $0 }
    }

    /// The largest range as a multiple of an equal one. Infinite where any division is accepted: in
    /// `prefixes`, each key is a prefix of the next, so there is no middle between two keys.
    @Test(arguments: [
        (KeyShape.counter, 1.2), (.unpadded, 1.6), (.uuid, 1.5), (.dates, 1.5), (.tenants, 1.5), (.deep, 1.6),
        (.mixed, 1.5), (.trail, 1.5), (.highBytes, 2.5), (.words, 4), (.prefixes, Double.infinity),
        (.page, 1.2),
        (.single, Double.infinity),
        (.empty, Double.infinity),
    ])
    func rangesAreAboutEqual(shape: KeyShape, most: Double) throws {
        var random = SplitMix64(seed: 3)
        let keys = shape.keys(20_000, &random)
        let bucket = ListedBucket(keys: keys, pageSize: 20)
        for ranges in [2, 8] {
            let (boundaries, requests) = try Self.split(bucket, KeySplit(prefix: [], ranges: ranges))
            #expect(boundaries.count == ranges - 1 && requests <= 8 * ranges + 256)
            #expect(zip(boundaries, boundaries.dropFirst()).allSatisfy { !$1.lexicographicallyPrecedes($0) })
            let sizes = Self.sizes(keys, boundaries)
            #expect(sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == keys.count)
            let ratio = Double((sizes.max() ?? 0) * ranges) / Double(max(1, keys.count))
            #expect(ratio <= most, "\(ranges) ranges: \(sizes), \(requests) requests")
        }
    }

    /// A completely sampled listing is divided as equally as possible.
    @Test(arguments: 0...12, [1, 2, 3, 7, 12])
    func fewKeysAreDividedExactly(count: Int, ranges: Int) throws {
        let keys = (0..<count).map { [UInt8]("k\($0 + 10)".utf8) }
        let (boundaries, requests) = try Self.split(
            ListedBucket(keys: keys), KeySplit(prefix: [], ranges: ranges))
        #expect(boundaries.count == ranges - 1 && requests == 1)
        let sizes = Self.sizes(keys, boundaries)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    @Test(arguments: [ListedBucket.Reading.ignored, .byFolder])
    func aServiceWithAnotherOrderIsListedPageByPage(reading: ListedBucket.Reading) throws {
        let keys = (0..<5000).map { [UInt8](($0 % 2 == 0 ? "a/\(10_000 + $0)" : "a-\(10_000 + $0)").utf8) }
        let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
        let listed = reading == .byFolder ? keys.sorted(by: byFolder) : sorted
        let bucket = ListedBucket(keys: listed, reading: reading)
        let (boundaries, requests) = try Self.split(bucket, KeySplit(prefix: [], ranges: 5))
        let sizes = Self.sizes(sorted, boundaries)
        if requests >= 50 { #expect(sizes.allSatisfy { 990...1010 ~= $0 }, "\(sizes)") }
        #expect(boundaries.count == 4 && requests <= 50 + 300)
        let whole = try Self.split(bucket, KeySplit(prefix: [], ranges: 5, isParallel: false))
        #expect(whole.requests == 50 && Self.sizes(sorted, whole.boundaries).allSatisfy { 990...1010 ~= $0 })
    }

    @Test func onlyTheRequestedRangeIsDivided() throws {
        var random = SplitMix64(seed: 3)
        let keys = KeyShape.uuid.keys(10_000, &random)
        let split = KeySplit(prefix: [], startAfter: keys[1999], endBefore: keys[6000], ranges: 4)
        let sizes = Self.sizes(
            [[UInt8]](keys[2000..<6000]), try Self.split(ListedBucket(keys: keys), split).boundaries)
        #expect(sizes.allSatisfy { 700...1300 ~= $0 }, "\(sizes)")
    }

    /// A boundary that is a key would be in no range.
    @Test func keysMayEndInTabs() throws {
        for keys in [["a", "a\t", "b"], ["a", "a\u{1}", "a\t", "b"], ["\t"], ["\t", "\t\t"]] {
            try checkRanges(keys.map { [UInt8]($0.utf8) }, [2, 3, 4])
        }
    }

    @Test(arguments: 0..<50)
    func anyKeyIsInOneRange(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var keys: Set<String> = []
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let signs = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                ["\t", "\t", "\u{1}", "a", "b"].randomElement(using: &random) ?? ""
            }
            keys.insert(signs.joined())
        }
        let sorted = keys.map { [UInt8]($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        try checkRanges(sorted, [2, 3, 7, 50])
    }

    /// Splits all keys and parts of them, on a service with and without an order.
    private func checkRanges(_ keys: [[UInt8]], _ ranges: [Int]) throws {
        var random = SplitMix64(seed: 7)
        let shuffled = keys.shuffled(using: &random)
        let parts = [(nil, nil), (nil, keys.last), (keys.first, nil), (keys.first, keys.last)]
        for isParallel in [true, false] {
            let bucket =
                isParallel
                ? ListedBucket(keys: keys) : ListedBucket(keys: shuffled, pageSize: 3, reading: .ignored)
            for ranges in ranges {
                for (start, end) in parts {
                    let split = KeySplit(
                        prefix: [], startAfter: start, endBefore: end, ranges: ranges, isParallel: isParallel)
                    let boundaries = try Self.split(bucket, split).boundaries
                    let inside = keys.filter { $0 != start && $0 != end }
                    _ = Self.sizes(inside, boundaries)
                    let bounds = [start ?? []] + boundaries + [end ?? [0xFF]]
                    #expect(zip(bounds, bounds.dropFirst()).allSatisfy { !$1.lexicographicallyPrecedes($0) })
                }
            }
        }
    }

    /// The suffix of a boundary must fit within the maximum key length.
    @Test func keysMayHaveTheMaximumLength() throws {
        let keys = (0..<40).map {
            [UInt8](String(repeating: "é", count: 510).utf8) + [UInt8]("\($0 + 1000)".utf8)
        }
        let (boundaries, _) = try Self.split(ListedBucket(keys: keys), KeySplit(prefix: [], ranges: 4))
        #expect(boundaries.allSatisfy { $0.count <= 1024 && String(validating: $0, as: UTF8.self) != nil })
        #expect(Self.sizes(keys, boundaries).reduce(0, +) == 40)
    }

    @Test func aFailureIsReported() {
        var split = KeySplit(prefix: [], ranges: 3)
        for request in split.requests(free: 8) {
            split.received(request.number, .failure(S3Error(.accessDenied, "no")))
        }
        #expect(split.isAtEnd && split.requests(free: 8).isEmpty)
        #expect(throws: S3Error.self) { try split.boundaries() }
    }
}
