import Randomness
import S3Core
import S3Lines
import Testing

/// The position in a listing never passes what was written.
@Suite struct ReadCursorTests {
    @Test func theCursorIsTheLastKeyBeforeWhichAllWereWritten() {
        var cursor = ReadCursor()
        for (number, key) in ["a", "b", "c", "d"].enumerated() { cursor.requested(number, key: bytes(key)) }
        #expect(cursor.place(now: 0) == nil && !cursor.isChanged)
        cursor.done(1, now: 0)
        cursor.done(2, now: 0)
        #expect(cursor.place(now: 0) == nil && !cursor.isChanged)
        cursor.done(0, now: 0)
        #expect(cursor.isChanged && cursor.place(now: 0)?.key == bytes("c") && !cursor.isChanged)
        cursor.done(3, now: 0)
        #expect(cursor.place(now: 0)?.key == bytes("d"))
    }

    @Test func theCursorStopsAtTheFirstFailure() {
        var cursor = ReadCursor(lookback: .keys(10))
        for number in 0..<6 { cursor.requested(number, key: [UInt8(number)]) }
        cursor.failed(4)
        cursor.done(5, now: 0)
        cursor.done(0, now: 0)
        cursor.failed(2)
        #expect(cursor.place(now: 0)?.key == [0] && cursor.hasStopped)
        cursor.done(1, now: 0)
        #expect(cursor.place(now: 0)?.key == [1])
        cursor.done(3, now: 0)
        cursor.requested(6, key: [6])
        cursor.done(6, now: 0)
        #expect(cursor.place(now: 0)?.key == [1])
        #expect(cursor.place(now: 0)?.recent.entries.map(\.key) == [[0], [1]])
    }

    @Test func aLateKeyDoesNotMoveTheCursorBack() {
        var cursor = ReadCursor(lookback: .keys(2))
        for (number, key) in ["b", "d", "c"].enumerated() {
            cursor.requested(number, key: bytes(key))
            cursor.done(number, now: number)
        }
        let place = cursor.place(now: 9)
        #expect(place?.key == bytes("d") && place?.recent.floor == bytes("b"))
        #expect(place?.recent.entries.map(\.time) == [2, 1])
    }

    @Test func keysOlderThanTheLookbackAreDropped() {
        var cursor = ReadCursor(startAfter: bytes("0"), lookback: .milliseconds(100))
        for (number, key) in ["a", "b", "c"].enumerated() {
            cursor.requested(number, key: bytes(key))
            cursor.done(number, now: 1000 * number)
        }
        #expect(cursor.place(now: 1050)?.recent.floor == bytes("a"))
        #expect(cursor.place(now: 9000)?.recent == RecentKeys(after: bytes("c")))
        #expect(cursor.place(now: 9000)?.key == bytes("c"))
    }

    @Test(arguments: 0..<6)
    func resumingReadsNothingTwiceAndSkipsNothing(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let text = CursorText(Location(bucket: "b", prefix: bytes("p/")))
        // No key arrives later than ten keys after it in order.
        var coming: [[UInt8]] = []
        for start in stride(from: 1000, to: 1200, by: 10) {
            coming += (start..<start + 10).map { bytes("\($0)") }.shuffled(using: &random)
        }
        var bucket: [[UInt8]] = []
        var read: [[UInt8]] = []
        var place: ReadCursor.Place?
        // Each round is a run that reads the new keys and is stopped.
        while read.count < 200 {
            let count = min(coming.count, Int.random(in: 0...25, using: &random))
            bucket += coming.prefix(count)
            bucket.sort { $0.lexicographicallyPrecedes($1) }
            coming.removeFirst(count)
            let known = place?.recent ?? RecentKeys()
            let found = bucket.filter { key in
                !known.contains(key) && known.floor.map { $0.lexicographicallyPrecedes(key) } ?? true
            }
            var cursor = ReadCursor(place, lookback: .keys(20))
            for (number, key) in found.enumerated() { cursor.requested(number, key: key) }
            // Keys written after the first unwritten one are read again.
            var order = Array(found.indices)
            if Bool.random(using: &random) { order.shuffle(using: &random) }
            let written = Set(order.prefix(Int.random(in: 0...found.count, using: &random)))
            for number in order where written.contains(number) { cursor.done(number, now: 0) }
            read += found[..<(found.indices.first { !written.contains($0) } ?? found.count)]
            guard let passed = cursor.place(now: 0) else { continue }
            var kept = try text.places(text.cursor([[]: passed]))
            try text.add(text.recentKeys([[]: passed]), to: &kept)
            #expect(kept == [[]: passed])
            place = kept[[]]
        }
        #expect(Set(read) == Set(bucket) && read.count == bucket.count && coming.isEmpty)
    }
}

private func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }
