import Randomness
import S3Core
import Testing

/// Concurrent listings in virtual time: the same keys, once, in order, with bounded requests and memory.
@Suite struct ParallelListTests {
    private static let memory = 1 << 20

    @Test(arguments: KeyShape.allCases, [1, 64])
    func returnsAllKeysOnceAndInOrder(shape: KeyShape, connections: Int) {
        var random = SplitMix64(seed: 7)
        let keys = shape.keys(10_000, &random)
        var bucket = ListedBucket(keys: keys)
        let outcome = bucket.list(
            ParallelList(prefix: [], maximumBytes: Self.memory), connections: connections, random: &random)
        #expect(outcome.keys == keys)
        #expect(outcome.isParallel && !outcome.isStuck && outcome.error == nil)
        let pages = (keys.count + bucket.pageSize - 1) / bucket.pageSize
        #expect(outcome.requests <= 2 * pages + 64)
        #expect(outcome.mostInFlight <= connections)
        // Pages that were in flight when the limit was reached still arrive.
        let page = 100 * (96 + (keys.map(\.count).max() ?? 0))
        #expect(outcome.mostHeldBytes <= Self.memory + (connections + 8) * page)
        if connections == 1 || pages < 2 { #expect(outcome.requests <= max(1, pages)) }
    }

    /// The speedup over a sequential listing, in virtual time.
    @Test(arguments: [
        (KeyShape.counter, 12), (.unpadded, 8), (.uuid, 12), (.dates, 8), (.tenants, 10), (.deep, 10),
        (.mixed, 6),
        (.highBytes, 5), (.trail, 2),
    ])
    func isManyTimesAsFast(shape: KeyShape, least: Int) {
        var random = SplitMix64(seed: 11)
        var bucket = ListedBucket(keys: shape.keys(40_000, &random))
        let outcome = bucket.list(ParallelList(prefix: [], maximumBytes: 8 << 20), random: &random)
        let pages = bucket.keys.count / bucket.pageSize
        #expect(outcome.keys == bucket.keys)
        #expect(pages * 11 >= least * outcome.ticks, "\(Double(pages * 11) / Double(outcome.ticks)) times")
        #expect(outcome.requests * 10 <= pages * 16 + 600)
    }

    @Test(arguments: [KeyShape.counter, .dates, .mixed, .words], 0..<10)
    func anyRangeOfKeysIsExact(shape: KeyShape, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let keys = shape.keys(5000, &random)
        let bounds = [keys.randomElement(using: &random) ?? [], keys.randomElement(using: &random) ?? []]
            .sorted { $0.lexicographicallyPrecedes($1) }
        var bucket = ListedBucket(keys: keys, pageSize: Int.random(in: 1...200, using: &random))
        let outcome = bucket.list(
            ParallelList(
                prefix: [], startAfter: bounds[0], endBefore: bounds[1], maximumBytes: Self.memory),
            random: &random)
        #expect(
            outcome.keys
                == keys.filter {
                    bounds[0].lexicographicallyPrecedes($0) && $0.lexicographicallyPrecedes(bounds[1])
                })
    }

    @Test(arguments: [ListedBucket.Reading.ignored, .inclusive], [KeyShape.counter, .uuid, .dates, .words])
    func aServerThatMisreadsStartAfterIsListedPageByPage(reading: ListedBucket.Reading, shape: KeyShape) {
        var random = SplitMix64(seed: 5)
        let keys = shape.keys(10_000, &random)
        var bucket = ListedBucket(keys: keys, reading: reading)
        let outcome = bucket.list(ParallelList(prefix: [], maximumBytes: Self.memory), random: &random)
        #expect(outcome.keys == keys)
        if reading == .ignored { #expect(!outcome.isParallel) }
        #expect(outcome.requests <= 2 * keys.count / bucket.pageSize + 64)
    }

    @Test(arguments: [ListedBucket.Reading.ignored, .inclusive])
    func keysExcludedByStartAfterAreLeftOut(reading: ListedBucket.Reading) {
        var random = SplitMix64(seed: 5)
        let keys = KeyShape.counter.keys(5000, &random)
        var bucket = ListedBucket(keys: keys, reading: reading)
        let outcome = bucket.list(
            ParallelList(
                prefix: [], startAfter: keys[1234], endBefore: keys[4000], maximumBytes: Self.memory),
            random: &random)
        #expect(outcome.keys == [[UInt8]](keys[1235..<4000]))
    }

    /// A service that stores directories lists keys in another order, which is kept.
    @Test(arguments: 0..<20)
    func theOrderOfAServiceIsKept(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var keys: Set<String> = []
        for number in 0..<4000 {
            let folder = ["a", "a-b", "a.c", "b", "b/c"].randomElement(using: &random) ?? ""
            keys.insert("\(folder)/\(number % 997)")
            keys.insert("a-\(number)")
        }
        let sorted = keys.map { [UInt8]($0.utf8) }.sorted(by: byFolder)
        var bucket = ListedBucket(keys: sorted, reading: .byFolder)
        let outcome = bucket.list(ParallelList(prefix: [], maximumBytes: Self.memory), random: &random)
        #expect(outcome.keys == sorted)
    }

    /// Keys that exist all the time are listed once and in order while other keys are added and deleted.
    @Test(arguments: 0..<20)
    func keysMayBeAddedAndDeletedMeanwhile(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let stable = KeyShape.uuid.keys(8000, &random)
        var bucket = ListedBucket(keys: stable)
        let list = ParallelList(prefix: [], maximumBytes: Self.memory)
        let change = { (bucket: inout ListedBucket, random: inout SplitMix64) in
            let digit = String(Int.random(in: 0...15, using: &random), radix: 16)
            let key = [UInt8]("\(digit)\(UInt32.random(in: 0 ... .max, using: &random))-".utf8)
            if Bool.random(using: &random) {
                let place = bucket.keys.firstIndex { key.lexicographicallyPrecedes($0) } ?? bucket.keys.count
                bucket.keys.insert(key, at: place)
            } else if let place = bucket.keys.indices.randomElement(using: &random),
                bucket.keys[place].contains(UInt8(ascii: "-"))
            {
                bucket.keys.remove(at: place)
            }
        }
        let outcome = bucket.list(list, random: &random, change: change)
        #expect(outcome.keys.filter { !$0.contains(UInt8(ascii: "-")) } == stable)
        #expect(zip(outcome.keys, outcome.keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
    }

    @Test func aFailureComesAfterTheKeysBeforeIt() throws {
        var list = ParallelList(prefix: [], maximumBytes: Self.memory)
        let first = list.requests(free: 64)
        #expect(first.count == 1, "nothing is known to guess from")
        let objects = (0..<100).map { ListObjectsV2.Object(key: [UInt8]("k\($0 + 100)".utf8), size: 1) }
        list.received(first[0].number, .success(ListObjectsV2.Page(objects: objects, continuationToken: [1])))
        // The requests after the guesses fail first, then the guesses.
        for request in list.requests(free: 64).reversed() {
            list.received(request.number, .failure(S3Error(.accessDenied, "no")))
        }
        #expect(try list.next() == objects)
        let error = #expect(throws: S3Error.self) { try list.next() }
        #expect(error?.kind == .accessDenied)
        #expect(list.requests(free: 64).isEmpty)
    }

    @Test(arguments: [KeyShape.counter, .uuid, .dates])
    func aListThatCannotGuessStopsAtItsEnd(shape: KeyShape) {
        var random = SplitMix64(seed: 7)
        var bucket = ListedBucket(keys: shape.keys(10_000, &random))
        let outcome = bucket.list(
            ParallelList(prefix: [], endBefore: bucket.keys[2000], maximumBytes: Self.memory),
            random: &random,
            fails: { query, _, _ in query["start-after"] != nil })
        #expect(outcome.keys == [[UInt8]](bucket.keys[..<2000]))
        #expect(outcome.isParallel && outcome.requests <= 20 + 40, "\(outcome.requests)")
    }

    /// An earlier segment lists the keys of one that failed.
    @Test(arguments: [KeyShape.counter, .uuid, .words], 0..<20)
    func failuresAheadOfTheOutputLoseNoKeys(shape: KeyShape, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bucket = ListedBucket(keys: shape.keys(10_000, &random))
        let end = bucket.keys[8000]
        let outcome = bucket.list(
            ParallelList(prefix: [], endBefore: end, maximumBytes: Self.memory), random: &random,
            fails: { query, last, random in
                guard let key = query["continuation-token"] ?? query["start-after"] else { return false }
                return key != last && Int.random(in: 0..<30, using: &random) == 0
            })
        #expect(outcome.keys == [[UInt8]](bucket.keys[..<8000]))
        #expect(outcome.isParallel && outcome.error == nil && !outcome.isStuck)
        #expect(outcome.requests <= 2 * 80 + 64, "\(outcome.requests)")
    }

    @Test func anEndAfterAllKeysWithThePrefixChangesNothing() {
        var random = SplitMix64(seed: 7)
        let keys = KeyShape.counter.keys(10_000, &random).map { [UInt8]("logs/2024/".utf8) + $0 }
        func list(before end: String?) -> ListedBucket.Outcome {
            var (bucket, random) = (ListedBucket(keys: keys), SplitMix64(seed: 7))
            return bucket.list(
                ParallelList(
                    prefix: [UInt8]("logs/2024/".utf8), endBefore: end.map { [UInt8]($0.utf8) },
                    maximumBytes: Self.memory),
                random: &random)
        }
        let whole = list(before: nil)
        for end in ["logs/2025", "logs/20240", "m"] {
            let outcome = list(before: end)
            #expect(outcome.keys == keys && outcome.ticks == whole.ticks, "\(end)")
        }
        for end in ["logs/2023", "logs/2024", "logs/2024/", "k"] {
            let outcome = list(before: end)
            #expect(outcome.keys.isEmpty && outcome.requests == 1, "\(end)")
        }
    }

    /// While the output takes nothing, the list stops at its memory limit; it continues afterwards.
    @Test(arguments: [KeyShape.uuid, .counter, .words], [true, false])
    func aReaderThatWaitsStopsTheList(shape: KeyShape, isParallel: Bool) throws {
        var random = SplitMix64(seed: 7)
        let bucket = ListedBucket(keys: shape.keys(20_000, &random))
        let limit = 8 << 10
        var list = ParallelList(prefix: [], isParallel: isParallel, maximumBytes: limit)
        var inFlight: [ListRequest] = []
        var mostHeldBytes = 0
        func listOn() {
            inFlight += list.requests(free: 64 - inFlight.count)
            guard !inFlight.isEmpty else { return }
            let request = inFlight.removeFirst()
            list.received(request.number, .success(bucket.page(request.operation)))
            mostHeldBytes = max(mostHeldBytes, list.heldBytes)
        }
        repeat { listOn() } while !inFlight.isEmpty
        #expect(!list.isAtEnd && list.requestCount < 190)
        // The size of a page is unknown before the first page.
        #expect(mostHeldBytes <= limit + 20 * 3500, "\(mostHeldBytes)")
        var keys: [[UInt8]] = []
        while !list.isAtEnd {
            while let objects = try list.next() { keys += objects.map(\.key) }
            listOn()
            try #require(list.requestCount <= 2 * 200 + 64)
        }
        #expect(keys == bucket.keys)
    }

    @Test func pageByPageThereIsOneRequestAtATime() {
        var random = SplitMix64(seed: 5)
        var bucket = ListedBucket(keys: KeyShape.uuid.keys(3000, &random))
        let outcome = bucket.list(
            ParallelList(prefix: [], isParallel: false, maximumBytes: Self.memory), random: &random)
        #expect(outcome.keys == bucket.keys && outcome.mostInFlight == 1 && outcome.requests == 30)
    }
}
