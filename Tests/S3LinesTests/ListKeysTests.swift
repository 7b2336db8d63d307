import S3Core
import Testing

@testable import S3Lines

/// The selection and the output format of listed keys.
@Suite struct ListKeysTests {
    @Test(arguments: [
        ("*", "a/b", true), ("a*", "a", true), ("a*", "ba", false), ("*.gz", "logs/1/x.gz", true),
        ("*.gz", "x.gz.part", false), ("a?c", "a/c", true), ("a?c", "ac", false), ("a?c", "aéc", true),
        ("?", "😀", true), ("??", "é", false), ("*??", "é", false), ("*?é", "aé", true),
        ("*a*b*c*", "xxaxxbxxc", true), ("*a*b*c*", "xxaxxcxxb", false), ("", "", true), ("", "a", false),
        ("**", "abc", true), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]x", "dx", true),
        ("[^a-c]x", "bx", false), ("[é-ü]", "ö", true), ("[]]", "]", true), ("[!]]", "a", true),
        ("[a", "[a", true), ("a]", "a]", true), (#"\*"#, "*", true), (#"\*"#, "x", false),
        (#"[\]]"#, "]", true), (#"a\"#, #"a\"#, true), ("[a-]", "-", true),
        ("logs/2026*/x", "logs/2026/1/x", true),
    ])
    func globs(pattern: String, key: String, matches: Bool) {
        #expect(Glob(pattern).matches([UInt8](key.utf8)) == matches)
    }

    /// The running time is at most the product of the lengths of pattern and key.
    @Test func aGlobOfManyStarsTerminates() {
        let pattern = String(repeating: "*a", count: 200) + "b"
        #expect(!Glob(pattern).matches([UInt8](String(repeating: "a", count: 1024).utf8)))
    }

    @Test func anInvalidByteCountsAsOneCharacter() {
        #expect(Glob("a?c").matches([0x61, 0xFF, 0x63]) && Glob("*c").matches([0xFF, 0xFE, 0x63]))
    }

    @Test(arguments: [
        (["logs/2026*"], "logs/2026"), (["logs/2026/01*", "logs/2026/02*"], "logs/2026/0"), (["*"], ""),
        (["a*", "b*"], ""), (["abc"], "abc"), ([], ""), (["a[bc]*"], "a"), (["é*", "è*"], ""),
        ([#"a\*b*"#], "a*b"),
    ])
    func theLiteralStartOfGlobsIsAPrefix(globs: [String], prefix: String) {
        var filter = KeyFilter()
        filter.includes = globs.map { Glob($0) }
        #expect(filter.prefix == [UInt8](prefix.utf8))
    }

    /// A directory bucket lists in no order.
    @Test func aDirectoryBucketIsListedPageByPage() {
        func isParallel(_ bucket: String) -> Bool? {
            (ListOptions().list(of: Location(bucket: bucket)) as? ParallelList)?.isParallel
        }
        #expect(isParallel("b--use1-az4--x-s3") == false)
        #expect(isParallel("b") == true)
    }

    @Test func excludesTakePrecedence() {
        var filter = KeyFilter()
        filter.includes = [Glob("*.gz"), Glob("*.zst")]
        filter.excludes = [Glob("tmp/*")]
        #expect(filter.takes([UInt8]("a.zst".utf8)) && !filter.takes([UInt8]("tmp/a.gz".utf8)))
        #expect(!filter.takes([UInt8]("a.txt".utf8)))
    }

    @Test func aTimeSplitsObjectsIntoTwoSets() {
        var newer = KeyFilter()
        newer.newerThan = Timestamp(seconds: 100)
        var older = KeyFilter()
        older.olderThan = Timestamp(seconds: 100)
        for seconds in [99, 100, 101] {
            let time = Timestamp(seconds: seconds)
            #expect(newer.takes(modified: time) != older.takes(modified: time))
        }
        #expect(newer.takes(modified: Timestamp(seconds: 100)))
    }

    @Test func columns() throws {
        var options = ListOptions()
        options.style = .long
        var lines = ListedKeys(Location(bucket: "b", prefix: [UInt8]("p/".utf8)), options)
        var text: [UInt8] = []
        for time in ["2026-01-02T03:04:05.000Z", "2026-01-02T04:04:05+01:00"] {
            let details = ListObjectsV2.Details(etag: [UInt8](#""e""#.utf8), lastModified: [UInt8](time.utf8))
            _ = try lines.append(
                ListObjectsV2.Object(key: [UInt8]("p/a\tb".utf8), size: 7, details: details), to: &text)
        }
        _ = try lines.append(
            ListObjectsV2.Object(key: [UInt8]("p/c/".utf8), size: 0, isCommonPrefix: true), to: &text)
        #expect(
            String(decoding: text, as: UTF8.self) == """
                a\\tb\t7\t2026-01-02T03:04:05.000Z\t"e"
                a\\tb\t7\t2026-01-02T03:04:05Z\t"e"
                c/\t\t\t

                """)
        #expect(lines.count == 3 && lines.bytes == 14)
        #expect(throws: S3Error.self) {
            try lines.append(ListObjectsV2.Object(key: [UInt8]("q/a".utf8), size: 7), to: &text)
        }
    }

    @Test func aMissingTimeIsAnErrorIfItIsNeeded() {
        var options = ListOptions()
        options.filter.newerThan = Timestamp(seconds: 0)
        var lines = ListedKeys(Location(bucket: "b"), options)
        var text: [UInt8] = []
        let error = #expect(throws: S3Error.self) {
            try lines.append(ListObjectsV2.Object(key: [97], size: 7), to: &text)
        }
        #expect(error?.kind == .notS3)
    }
}
