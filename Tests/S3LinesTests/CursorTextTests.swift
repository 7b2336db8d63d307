import S3Core
import S3Lines
import Testing

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
