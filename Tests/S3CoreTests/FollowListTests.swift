import Randomness
import S3Core
import Testing

/// Lists that are followed: each key once, few requests, few remembered keys.
@Suite struct FollowListTests {
    @Test func newKeysAreReturnedOnce() {
        var follower = Follower(keys: names(0..<250))
        #expect(follower.run(to: 0) == names(0..<250))
        follower.bucket.keys = names(0..<300)
        #expect(follower.run(to: 999).isEmpty, "it is not time yet")
        #expect(follower.run(to: 1000) == names(250..<300))
        #expect(follower.run(to: 5000).isEmpty)
    }

    @Test func aPollWithoutNewKeysIsOneRequest() {
        var follower = Follower(keys: names(0..<5000))
        _ = follower.run(to: 0)
        let before = follower.requests
        for second in 1...20 { #expect(follower.run(to: second * 1000).isEmpty) }
        #expect(follower.requests == before + 20)
    }

    @Test(arguments: 0..<2)
    func keysOfConcurrentWritersAreFound(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var follower = Follower(keys: names(0..<500), lookback: .keys(100))
        var given = follower.run(to: 0)
        // Each key appears before more than 50 greater ones have.
        var rest: [[UInt8]] = []
        for start in stride(from: 500, to: 3000, by: 50) {
            rest += names(start..<start + 50).shuffled(using: &random)
        }
        for second in 1...200 where !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 0...30, using: &random))
            for key in rest.prefix(count) { follower.bucket.insert(key) }
            rest.removeFirst(count)
            given += follower.run(to: second * 1000)
        }
        #expect(given.count == Set(given).count, "each is given once")
        #expect(Set(given) == Set(follower.bucket.keys))
        #expect(follower.list.rememberedKeys <= 300)
    }

    @Test func keysBeforeTheFloorAreNotListedAgain() {
        var follower = Follower(keys: names(100..<400), lookback: .keys(50))
        _ = follower.run(to: 0)
        follower.bucket.insert(names(0..<1)[0])
        follower.bucket.insert([UInt8]("00000390x".utf8))
        #expect(follower.run(to: 1000) == [[UInt8]("00000390x".utf8)])
    }

    @Test func aLookbackTimeIsThatOfTheLastKeyThen() {
        var follower = Follower(keys: names(0..<10), lookback: .milliseconds(3000))
        _ = follower.run(to: 0)
        follower.bucket.insert([UInt8]("00000005x".utf8))
        #expect(follower.run(to: 2000) == [[UInt8]("00000005x".utf8)])
        #expect(follower.run(to: 6000).isEmpty)
        follower.bucket.insert([UInt8]("00000006x".utf8))
        follower.bucket.insert(names(20..<21)[0])
        #expect(follower.run(to: 7000) == names(20..<21))
        #expect(follower.list.rememberedKeys <= 1)
    }

    @Test func itEndsWhenNothingIsNew() {
        var follower = Follower(keys: names(0..<10), end: .idle(5000))
        _ = follower.run(to: 0)
        _ = follower.run(to: 4000)
        follower.bucket.insert(names(11..<12)[0])
        #expect(follower.run(to: 5000).count == 1 && !follower.list.isAtEnd)
        _ = follower.run(to: 9999)
        #expect(!follower.list.isAtEnd)
        // The last poll finds a key written at the last moment.
        follower.bucket.insert(names(12..<13)[0])
        #expect(follower.run(to: 10_999).count == 1)
        for second in 11...17 { _ = follower.run(to: second * 1000) }
        #expect(follower.list.isAtEnd)
    }

    @Test func itStartsAfterAKey() {
        var follower = Follower(keys: names(0..<100), recent: RecentKeys(after: names(89..<90)[0]))
        #expect(follower.run(to: 0) == names(90..<100))
        follower.bucket.insert([UInt8]("00000003x".utf8))
        #expect(follower.run(to: 2000).isEmpty)
    }

    @Test func itContinuesWhereAnotherRunStopped() {
        let known = names(50..<60) + names(62..<70)
        let recent = RecentKeys(
            after: names(49..<50)[0], known.map { RecentKeys.Entry(key: $0, time: -5000) })
        var follower = Follower(keys: names(0..<80), recent: recent, lookback: .keys(30))
        #expect(follower.run(to: 0) == names(60..<62) + names(70..<80))
        follower.bucket.insert([UInt8]("00000055x".utf8))
        #expect(follower.run(to: 1000) == [[UInt8]("00000055x".utf8)])
        follower = Follower(keys: names(0..<80), recent: recent, lookback: .milliseconds(4000))
        #expect(follower.run(to: 0) == names(70..<80), "it was the last one too long ago")
    }

    @Test func itMayEndAfterOneListing() {
        var follower = Follower(keys: names(0..<250), end: .firstPoll, lookback: .keys(0))
        #expect(follower.run(to: 0) == names(0..<250))
        #expect(follower.list.isAtEnd && follower.list.untilDue(now: 9999) == nil)
    }

    @Test func aFailureEndsTheList() throws {
        var list = FollowList(prefix: [], Following(interval: 1000, lookback: .keys(10)))
        list.pass(to: 0)
        for request in list.requests(free: 8) {
            list.received(request.number, .failure(S3Error(.accessDenied, "no")))
        }
        let error = #expect(throws: S3Error.self) { try list.next() }
        #expect(error?.kind == .accessDenied)
    }

    private func names(_ range: Range<Int>) -> [[UInt8]] {
        range.map { number in
            let digits = String(number)
            return [UInt8]((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
        }
    }
}

/// A bucket and a list that follows it, in virtual time.
private struct Follower {
    var bucket: ListedBucket
    var list: FollowList
    var requests = 0
    private var random = SplitMix64(seed: 9)

    init(
        keys: [[UInt8]], recent: RecentKeys = RecentKeys(), end: FollowList.End = .never,
        lookback: FollowList.Lookback = .keys(100)
    ) {
        bucket = ListedBucket(keys: keys)
        list = FollowList(
            prefix: [], recent: recent, Following(interval: 1000, end: end, lookback: lookback))
    }

    /// Runs until `now` and returns the new keys.
    mutating func run(to now: Int) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        list.pass(to: now)
        while true {
            var asked = list.requests(free: 16)
            requests += asked.count
            asked.shuffle(using: &random)
            for request in asked { list.received(request.number, .success(bucket.page(request.operation))) }
            var isNew = false
            do {
                while let objects = try list.next() {
                    keys += objects.map(\.key)
                    isNew = true
                }
            } catch { Issue.record(error) }
            if asked.isEmpty && !isNew { return keys }
        }
    }
}

extension ListedBucket {
    mutating func insert(_ key: [UInt8]) {
        let place = keys.firstIndex { key.lexicographicallyPrecedes($0) } ?? keys.count
        keys.insert(key, at: place)
    }
}
