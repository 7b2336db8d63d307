import S3Core
import S3Lines
import Testing

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

private func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }
