import ByteIO
import JSONStream
import Testing

@Suite struct FieldLookupPathTests {
    @Test(arguments: [
        (".", [FieldPath.Step]()),
        (".a", [.member([0x61])]),
        (".a.b", [.member([0x61]), .member([0x62])]),
        (".a[0][12].b", [.member([0x61]), .element(0), .element(12), .member([0x62])]),
        (".[3]", [.element(3)]),
        (#"."a.b""#, [.member([UInt8]("a.b".utf8))]),
        (#"."a\"\\\u0041}""#, [.member([UInt8](#"a"\A}"#.utf8))]),
        (#"."x".y"#, [.member([UInt8]("x".utf8)), .member([UInt8]("y".utf8))]),
        (".@timestamp", [.member([UInt8]("@timestamp".utf8))]),
        (".user-id", [.member([UInt8]("user-id".utf8))]),
        (".日本", [.member([UInt8]("日本".utf8))]),
    ])
    func parses(text: String, steps: [FieldPath.Step]) throws {
        #expect(FieldPath(text)?.steps == steps)
    }

    @Test(arguments: [
        ("", 0), ("a", 0), ("..a", 1), (".a..b", 3), (".a.", 3), (".a[", 3), (".a[x]", 3), (".a[-1]", 3),
        (".a[1", 4), (#"."a"#, 1), (#"."\x""#, 2), (#"."\ud800""#, 2), (".a[99999999999999999999]", 3),
    ])
    func marksTheMistake(text: String, offset: Int) {
        var count = 0
        let error = #expect(throws: FieldPath.Malformed.self) {
            try FieldPath(prefixOf: [UInt8](text.utf8), count: &count)
        }
        #expect(error?.offset == offset)
    }

    /// In a template a path may be followed by `!`, `:`, `?` or `}`; a quoted name may contain them.
    @Test(arguments: [(".a!", 2), (".a:%Y", 2), (".a?x", 2), (".a}", 2), (".a b", 2), (#"."}?:!"}"#, 7)])
    func endsBeforeFollowingText(text: String, length: Int) throws {
        var count = 0
        _ = try FieldPath(prefixOf: [UInt8](text.utf8), count: &count)
        #expect(count == length)
    }
}
