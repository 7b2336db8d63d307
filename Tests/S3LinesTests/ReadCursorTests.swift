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
        var random = SeededGenerator(seed)
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

/// One cursor per matching prefix.
@Suite struct ReadCursorsTests {
    @Test func eachPrefixHasItsOwnPlace() throws {
        let pattern = try PrefixPattern("*/")
        let text = CursorText(Location(bucket: "b", prefix: bytes("p/")), pattern: pattern)
        var cursors = ReadCursors(
            [bytes("old/"): ReadCursor.Place(key: bytes("k"))], pattern: pattern, lookback: .keys(1))
        for (number, key) in ["a/1", "b/1", "a/2", "b/2", "none"].enumerated() {
            cursors.requested(number, key: bytes(key))
        }
        #expect(!cursors.isChanged)
        cursors.failed(1, key: bytes("b/1"))
        for (number, key) in ["b/2": 3, "a/1": 0, "a/2": 2].map({ ($1, $0) }).sorted(by: <) {
            cursors.done(number, key: bytes(key), now: number)
        }
        #expect(cursors.isChanged)
        let places = cursors.places(now: 5)
        #expect(!cursors.isChanged)
        #expect(text.cursor(places) == bytes("s3://b/p/a/\t2\ns3://b/p/old/\tk\n"))
        #expect(text.recentKeys(places) == bytes("s3://b/p/a/\t1\n\t2\t2\ns3://b/p/old/\tk\n"))
        var kept = try text.places(text.cursor(places))
        try text.add(text.recentKeys(places), to: &kept)
        #expect(kept == places)
        for line in ["s3://b/p/\tk\n", "s3://b/p/a/c/\tk\n", "s3://b/p/a\tk\n", "s3://bb/p/a/\tk\n"] {
            #expect(throws: CursorText.Problem.self, "\(line)") { try text.places(bytes(line)) }
        }
    }
}

/// The files of cursors.
@Suite struct CursorTextTests {
    private let text = CursorText(Location(bucket: "b", prefix: bytes("p/\t")))

    @Test func aLineIsLocationTabKey() throws {
        let place = ReadCursor.Place(key: bytes("a\nb\\"))
        let written = text.cursor([[]: place])
        #expect(written == bytes("s3://b/p/\\t\ta\\nb\\\\\n"))
        #expect(try text.places(written) == [[]: place])
        let whole = CursorText(Location(bucket: "b"))
        #expect(whole.cursor([[]: ReadCursor.Place(key: bytes("k"))]) == bytes("s3://b\tk\n"))
    }

    @Test(arguments: [
        "", "\n", "s3://b/p/\\t\ta", "s3://b/p/\\t", "s3://b/p/\\t\n", "s3://b/p/\\t\ta\tb\n",
        "s3://b/p/\\t\ta\\\n",
        "s3://b/p/\\t\ta\ns3://b/p/\\t\tb\n", "a\tb\n", "s3://b/p/\\t\ta\n\n",
    ])
    func aTruncatedFileIsMalformed(written: String) {
        do {
            _ = try text.places(bytes(written))
            Issue.record("no error")
        } catch {
            guard case .malformed = error else {
                Issue.record("another error: \(error)")
                return
            }
        }
    }

    @Test func aCursorKeyThatIsNotUTF8IsMalformed() {
        let line = bytes("s3://b/p/\\t\t") + [0xFF, 0x0A]
        #expect(throws: CursorText.Problem.malformed(line: 1)) { try text.places(line) }
    }

    @Test func anotherLocationIsNamed() {
        #expect(throws: CursorText.Problem.elsewhere(line: 1, location: "s3://b/q/")) {
            try text.places(bytes("s3://b/q/\ta\n"))
        }
    }

    @Test func anEditedCursorTakesPrecedence() throws {
        let recent = RecentKeys(
            after: bytes("c"), ["d", "f", "h"].map { RecentKeys.Entry(key: bytes($0), time: 5) })
        let kept = text.recentKeys([[]: ReadCursor.Place(key: bytes("h"), recent: recent)])
        for (key, floor, known) in [
            ("h", "c", "dfh"), ("g", "c", "df"), ("c", "c", ""), ("a", "a", ""), ("z", "z", ""),
        ] {
            var places: ReadCursors.Places = [[]: ReadCursor.Place(key: bytes(key))]
            try text.add(kept, to: &places)
            #expect(places[[]]?.recent.floor == bytes(floor), "\(key)")
            #expect(places[[]]?.recent.entries.flatMap(\.key) == bytes(known), "\(key)")
        }
    }

    @Test(arguments: ["", "s3://b/p/\\t\tc\n\td\t5", "s3://b/p/\\t\tc\n\td\n", "s3://b/p/\\t\tc\n\td\tx\n"])
    func aTruncatedLookbackFileIsMalformed(written: String) {
        var places: ReadCursors.Places = [[]: ReadCursor.Place(key: bytes("d"))]
        #expect(throws: CursorText.Problem.self) { try text.add(bytes(written), to: &places) }
    }
}

private func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }
