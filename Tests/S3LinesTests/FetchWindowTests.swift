import Randomness
import Testing

@testable import S3Lines

/// The window by itself: events in, fetches out.
struct FetchWindowTests {
    /// Memory for `chunks` chunks of 1000 bytes besides the one reserved for the head, and for the
    /// bookkeeping of `objects` objects.
    private func window(chunks: Int, objects: Int = 10, threshold: Int = 1000) -> FetchWindow {
        FetchWindow(
            memory: (chunks + 1) * 1000 + objects * FetchWindow.overhead, chunkSize: 1000,
            threshold: threshold)
    }

    @Test func asksForAnObjectAsAWholeFirst() {
        var window = window(chunks: 4)
        #expect(window.wantsObject)
        #expect(window.add(size: 300) == 0)
        #expect(window.next() == FetchWindow.Fetch(object: 0, chunk: 0, range: nil))
        #expect(window.next() == nil)
        #expect(window.answered(0, size: 300, isPinned: true) == .whole)
        #expect(window.next() == nil)
    }

    @Test func asksForTheRestOfALongObjectInRanges() {
        var window = window(chunks: 10)
        _ = window.add(size: nil)
        _ = window.next()
        #expect(window.answered(0, size: 2500, isPinned: true) == .chunk(1000))
        #expect(window.next()?.range == 1000..<2000)
        #expect(window.next()?.range == 2000..<2500)
        #expect(window.next() == nil)
    }

    /// A response may claim any size.
    @Test(arguments: [Int.max, Int.max - 1, Int.max - 999])
    func theLargestSizesThatCanBeClaimed(size: Int) {
        var window = window(chunks: 10)
        _ = window.add(size: size)
        _ = window.next()
        #expect(window.answered(0, size: size, isPinned: true) == .chunk(1000))
        #expect(window.next()?.range == 1000..<2000)
        var loose = self.window(chunks: 10)
        _ = loose.add(size: size)
        _ = loose.next()
        #expect(loose.answered(0, size: size, isPinned: false) == .stream)
    }

    @Test func usesRangesOnlyForPinnedObjectsAboveTheThreshold() {
        var loose = window(chunks: 10)
        _ = loose.add(size: nil)
        _ = loose.next()
        #expect(loose.answered(0, size: 2500, isPinned: false) == .whole)
        var below = window(chunks: 10, threshold: 5000)
        _ = below.add(size: nil)
        _ = below.next()
        #expect(below.answered(0, size: 4999, isPinned: true) == .whole)
    }

    @Test func theHeadStreamsAnObjectLargerThanMemory() {
        var window = window(chunks: 2)
        _ = window.add(size: nil)
        _ = window.next()
        #expect(window.answered(0, size: 1_000_000, isPinned: false) == .stream)
        var unknown = self.window(chunks: 2)
        _ = unknown.add(size: nil)
        _ = unknown.next()
        #expect(unknown.answered(0, size: nil, isPinned: false) == .stream)
    }

    @Test func aRefusedObjectIsRequestedAgainOnlyWithRoom() {
        var window = window(chunks: 2, objects: 3)
        for size in [1000, 1000, 1000] { _ = window.add(size: size) }
        #expect(window.next()?.object == 0)
        #expect(window.next()?.object == 1)
        #expect(window.next() == nil)
        #expect(window.answered(0, size: 1000, isPinned: true) == .whole)
        #expect(window.answered(1, size: 5000, isPinned: false) == .refuse)
        #expect(window.next() == nil)
        window.finished(0)
        // Number 1 is the head now and has priority over 2.
        #expect(window.next() == FetchWindow.Fetch(object: 1, chunk: 0, range: nil))
        #expect(window.answered(1, size: 5000, isPinned: false) == .stream)
    }

    @Test func theHeadContinuesWithoutRoom() {
        var window = window(chunks: 2)
        _ = window.add(size: nil)
        _ = window.next()
        _ = window.answered(0, size: 9000, isPinned: true)
        window.outside = 1_000_000
        #expect(window.next() == nil, "a chunk of it is there to be written first")
        window.gaveOut(1000, of: 0)
        #expect(window.next()?.range == 1000..<2000)
        #expect(window.next() == nil)
    }

    @Test func theLeaderContinuesWithoutRoom() {
        var window = window(chunks: 4)
        for _ in 0..<2 { _ = window.add(size: 5000) }
        _ = window.next()
        _ = window.next()
        _ = window.answered(0, size: 5000, isPinned: true)
        #expect(window.answered(1, size: 5000, isPinned: true) == .chunk(1000))
        window.gaveOut(1000, of: 1)
        window.outside = 1_000_000
        window.leader = 1
        #expect(window.next() == FetchWindow.Fetch(object: 1, chunk: 1, range: 1000..<2000))
        #expect(window.next() == nil)
    }

    @Test func dropsAnObjectIfCarriedBytesTakeItsRoom() {
        var window = window(chunks: 3, objects: 3)
        for size in [1000, 1000, 1000] {
            _ = window.add(size: size)
            _ = window.next()
        }
        #expect(window.overcommitted() == nil)
        window.outside = 1_000_000
        #expect(window.overcommitted() == 2)
        window.restart(2)
        #expect(window.overcommitted() == 1)
        window.gaveOut(10, of: 1)
        #expect(window.overcommitted() == nil, "what was written in part cannot start again")
    }

    @Test func anUnwrittenObjectCanBeDropped() {
        var window = window(chunks: 3, objects: 3)
        for size in [1000, 1000, 1000] {
            _ = window.add(size: size)
            _ = window.next()
        }
        window.outside = 1_000_000
        window.gaveOut(0, of: 2)
        #expect(window.overcommitted() == 2)
        window.gaveOut(10, of: 2)
        #expect(window.overcommitted() == 1)
        window.restart(2)
        window.outside = 0
        #expect(window.next()?.object == 2)
        window.outside = 1_000_000
        #expect(window.overcommitted() == 2, "it starts again, and nothing of it is written")
    }

    @Test func anObjectOfUnknownSizeIsBoundedByTheRoom() {
        var window = window(chunks: 4)
        for _ in 0..<3 {
            _ = window.add(size: nil)
            _ = window.next()
        }
        #expect(window.answered(0, size: nil, isPinned: true) == .stream)
        #expect(window.answered(1, size: nil, isPinned: true) == .bounded(1000))
        #expect(window.answered(2, size: nil, isPinned: true) == .bounded(1000))
        #expect(window.wantsObject, "what is of unknown size lets others be begun")
        window.knows(2, left: 10)
        #expect(window.reservedBytes == 3 * FetchWindow.overhead + 2010)
    }

    @Test func aListedSizeIsUsedIfTheResponseHasNone() {
        var window = window(chunks: 4)
        for size in [100, 200, 5000, 10] {
            _ = window.add(size: size)
            _ = window.next()
        }
        #expect(window.answered(1, size: nil, isPinned: true) == .bounded(200))
        #expect(window.answered(2, size: nil, isPinned: true) == .refuse)
        #expect(window.answered(3, size: nil, isPinned: true) == .bounded(10))
        #expect(window.next() == nil, "what may be of any length waits until it leads")
        window.finished(0)
        #expect(window.next() == nil)
        window.finished(1)
        #expect(window.next() == FetchWindow.Fetch(object: 2, chunk: 0, range: nil))
        #expect(window.answered(2, size: nil, isPinned: true) == .stream)
    }

    @Test func anObjectLongerThanItsBoundWaitsUntilItLeads() {
        var window = window(chunks: 4)
        for _ in 0..<3 {
            _ = window.add(size: nil)
            _ = window.next()
        }
        for number in 0..<3 { _ = window.answered(number, size: nil, isPinned: true) }
        let goesOn = window.outgrew(1)
        #expect(!goesOn)
        #expect(window.next() == nil)
        #expect(window.wantsObject)
        window.finished(0)
        #expect(window.next() == FetchWindow.Fetch(object: 1, chunk: 0, range: nil))
        window.finished(1)
        let leadGoesOn = window.outgrew(2)
        #expect(leadGoesOn)
        #expect(window.reservedBytes == FetchWindow.overhead + 1000)
    }

    @Test func objectsFinishedAfterAStuckHeadAreBounded() {
        var window = window(chunks: 4)
        _ = window.add(size: 100)
        _ = window.next()
        var count = 0
        while window.wantsObject && count < 100_000 {
            let number = window.add(size: 10)
            _ = window.next()
            _ = window.answered(number, size: 10, isPinned: true)
            window.finished(number)
            count += 1
        }
        #expect(count < 300)
        window.finished(0)
        #expect(window.reservedBytes == 0)
        #expect(window.wantsObject)
    }

    /// Random sizes, responses, orders and failures, against a model with bytes.
    @Test(arguments: 0..<400)
    func staysWithinMemoryAndAlwaysFinishes(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var model = WindowModel(keepsOrder: Bool.random(using: &random), random: &random)
        model.run(seed: seed)
    }
}

/// Drives the window without a network: fetches deliver bytes in random order and pieces, fail or are
/// refused; the object whose turn it is is given out. Checks that memory is bounded and that nothing waits
/// forever.
private struct WindowModel {
    private struct Chunk {
        let number: Int
        let size: Int
        var arrived = 0
        var given = 0
        var isDropped = false
    }

    private var random: SplitMix64
    private let keepsOrder: Bool
    private let chunkSize: Int
    private let memory: Int
    private let sizes: [Int]
    private let knowsSizes: Bool
    private let hidesSizes: Bool
    private let isPinned: Bool
    private let threshold: Int
    private let maximumFetches: Int
    private var window: FetchWindow
    private var nextKey = 0
    /// The requested chunks of each object in the window, in order.
    private var chunks: [Int: [Chunk]] = [:]
    private var given: [Int: Int] = [:]
    private var done: [Int] = []
    private var failed: Set<Int> = []

    init(keepsOrder: Bool, random: inout SplitMix64) {
        self.keepsOrder = keepsOrder
        chunkSize = Int.random(in: 1...5000, using: &random)
        memory = chunkSize * Int.random(in: 2...9, using: &random) + FetchWindow.overhead * 3
        let largest = [10, chunkSize, 3 * chunkSize, 20 * chunkSize].randomElement(using: &random) ?? 10
        var sizes: [Int] = []
        for _ in 0..<Int.random(in: 1...60, using: &random) {
            sizes.append(Int.random(in: 0...largest, using: &random))
        }
        self.sizes = sizes
        knowsSizes = Bool.random(using: &random)
        hidesSizes = Int.random(in: 0..<6, using: &random) == 0
        isPinned = !hidesSizes && Int.random(in: 0..<4, using: &random) > 0
        threshold = [1, chunkSize, 4 * chunkSize].randomElement(using: &random) ?? 1
        maximumFetches = Int.random(in: 1...8, using: &random)
        window = FetchWindow(memory: memory, chunkSize: chunkSize, threshold: threshold)
        self.random = random
    }

    /// The missing bytes of a chunk.
    private var underWay: Int {
        chunks.values.joined().reduce(0) { $0 + ($1.arrived < $1.size || $1.arrived < 0 ? 1 : 0) }
    }

    mutating func run(seed: UInt64) {
        var idleTurns = 0
        while done.count < sizes.count {
            let before = (done.count, nextKey, given.values.reduce(0, +), chunks.values.joined().count)
            begin()
            arrive()
            giveOut()
            fail()
            #expect(heldBytes <= memory, "seed \(seed)")
            let after = (done.count, nextKey, given.values.reduce(0, +), chunks.values.joined().count)
            idleTurns = before == after ? idleTurns + 1 : 0
            guard idleTurns < 1000 else {
                Issue.record("seed \(seed): nothing goes on, \(done.count) of \(sizes.count) are done")
                return
            }
        }
        #expect(window.count == 0, "seed \(seed)")
        #expect(window.reservedBytes == 0, "seed \(seed)")
        let inOrder = done.filter { !failed.contains($0) }
        if keepsOrder { #expect(inOrder == inOrder.sorted(), "seed \(seed)") }
        for number in sizes.indices where !failed.contains(number) {
            #expect(given[number, default: 0] == sizes[number], "seed \(seed)")
        }
    }

    /// Sometimes an object fails, or is fetched again if nothing of it was given out.
    private mutating func fail() {
        for number in chunks.keys.sorted() where Int.random(in: 0..<40, using: &random) == 0 {
            chunks[number] = nil
            if given[number, default: 0] == 0 && Bool.random(using: &random) {
                window.restart(number)
            } else {
                failed.insert(number)
                done.append(number)
                window.finished(number)
            }
        }
    }

    private var heldBytes: Int { chunks.values.joined().reduce(0) { $0 + $1.arrived - $1.given } }

    private mutating func begin() {
        while underWay < maximumFetches {
            if let fetch = window.next() {
                begin(fetch)
            } else if nextKey < sizes.count, window.wantsObject {
                #expect(window.add(size: knowsSizes ? sizes[nextKey] : nil) == nextKey)
                nextKey += 1
            } else {
                return
            }
        }
    }

    private mutating func begin(_ fetch: FetchWindow.Fetch) {
        let size = sizes[fetch.object]
        if let range = fetch.range {
            #expect(
                range.lowerBound
                    == chunks[fetch.object, default: []].reduce(given[fetch.object, default: 0]) {
                        $0 + $1.size - $1.given
                    })
            chunks[fetch.object, default: []].append(Chunk(number: fetch.chunk, size: range.count))
            return
        }
        switch window.answered(fetch.object, size: hidesSizes ? nil : size, isPinned: isPinned) {
        case .refuse: return
        case .bounded(let count):
            // A longer object only starts here.
            guard size > count else {
                chunks[fetch.object] = [Chunk(number: 0, size: size)]
                return
            }
            guard window.outgrew(fetch.object) else { return }
            chunks[fetch.object] = [Chunk(number: 0, size: size)]
        case .whole, .stream: chunks[fetch.object] = [Chunk(number: 0, size: size)]
        case .chunk(let count): chunks[fetch.object] = [Chunk(number: 0, size: count)]
        }
    }

    /// Delivers some bytes of a random chunk, at most as many as a stream may keep.
    private mutating func arrive() {
        for number in chunks.keys.shuffled(using: &random) {
            for index in chunks[number, default: []].indices where Bool.random(using: &random) {
                guard var chunk = chunks[number]?[index] else { continue }
                let isStream = chunk.size > chunkSize && window.head == number
                let room = isStream ? max(0, chunkSize - (chunk.arrived - chunk.given)) : .max
                chunk.arrived += min(
                    chunk.size - chunk.arrived, Int.random(in: 0...chunkSize, using: &random), room)
                chunks[number]?[index] = chunk
            }
        }
    }

    private mutating func giveOut() {
        let turns = keepsOrder ? [window.head] : chunks.keys.shuffled(using: &random)
        for number in turns { giveOut(number) }
    }

    private mutating func giveOut(_ number: Int) {
        guard var mine = chunks[number] else { return }
        while let first = mine.first {
            let bytes = first.arrived - first.given
            window.gaveOut(bytes, of: number)
            given[number, default: 0] += bytes
            mine[0].given += bytes
            guard mine[0].given == first.size else { break }
            mine.removeFirst()
        }
        chunks[number] = mine
        guard mine.isEmpty, given[number, default: 0] == sizes[number] else { return }
        chunks[number] = nil
        done.append(number)
        window.finished(number)
    }
}
