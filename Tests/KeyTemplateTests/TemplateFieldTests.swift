import ByteIO
import JSONStream
import KeyTemplate
import Testing

/// Each field, format and default of the template language.
@Suite struct TemplateFieldTests {
    @Test(arguments: [
        ("text", "text"), ("a{{b}}c", "a{b}c"), ("{{{pid}}}", "{4711}"), ("é/日本", "é/日本"),
        ("a\\b\tc\nd\re", "a\\\\b\\tc\\nd\\re"),
        ("{ns}", "1700000000123456789"), ("{us}", "1700000000123456"), ("{ms}", "1700000000123"),
        ("{s}", "1700000000"),
        ("{ns:25}", "0000001700000000123456789"), ("{s:3}", "1700000000"), ("{ms:015}", "001700000000123"),
        ("{now}", "2023-11-14T22:13:20Z"), ("{now:%Y/%m/%d/%H}", "2023/11/14/22"),
        ("{now:%H:%M}", "22:13"), (#"{now:%H\:%M\?\}\\}"#, #"22:13?}\\"#), ("{now:%t%%}", #"\t%"#),
        ("{seq}", "0"), ("{seq:6}", "000000"), ("{line}", "1"), ("{line:4}", "0001"),
        ("{host}", "host%2F1"), ("{host!}", "host/1"), ("{pid}", "4711"), ("{ns!?x}", "1700000000123456789"),
        ("{env:HOME}", "%2Fhome%2Fa%20b"), ("{env:HOME!}", "/home/a b"), ("x{env:EMPTY}", "x"),
        ("{env:NONE?de/f}", "de/f"), (#"{env:NONE?a\}b\?c\:d\\}"#, #"a}b?c:d\\"#), ("x{env:NONE?}", "x"),
    ])
    func withoutTheLine(template: String, expected: String) throws {
        #expect(try key(template) == expected)
    }

    @Test(arguments: [
        ("{sha256}", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{sha256:2}/{sha256:5}", "abc", "ba/ba781"), ("{sha256:64}", "", emptyHash),
        ("{crc32}", "123456789", "cbf43926"), ("{crc32:3}", "123456789", "cbf"), ("{crc32}", "", "00000000"),
        ("{col:1}", "a\tb\tc", "a"), ("{col:3}", "a\tb\tc", "c"), ("{col:1}", "whole line", "whole%20line"),
        ("x{col:2}", "a\t\tc", "x"), ("{col:4?none}", "a\tb\tc", "none"), ("{col:2!}", "a\tb/c\r", "b/c\\r"),
        ("{col:2}", "a\tb/c\r", "b%2Fc%0D"),
        ("{.a}", #"{"a":"x"}"#, "x"), ("{.a}", #"{"a":-1.50E+3}"#, "-1.50E%2B3"),
        ("{.a!}", #"{"a":1E+3}"#, "1E+3"),
        ("{.a}", #"{"a":true}"#, "true"), ("{.a}", #"{"a":false}"#, "false"), ("x{.a}", #"{"a":""}"#, "x"),
        ("{.a}", #"{"a":"ü"}"#, "%C3%BC"), ("{.a!}", #"{"a":"ü/\u0041\n"}"#, "ü/A\\n"),
        ("{.a}", #"{"a":"\ud83d\ude00"}"#, "%F0%9F%98%80"), ("{.a}", #"{"a":"a\/b\t"}"#, "a%2Fb%09"),
        ("{.a.b[1]}", #"{"a":{"b":[1,2]}}"#, "2"), (#"{."odd }:?! key"}"#, #"{"odd }:?! key":1}"#, "1"),
        (#"{."q\"\u00e9"!?x}"#, #"{"q\"é":"/"}"#, "/"), ("{.[0]}-{.[1]}", "[1,2]", "1-2"), ("{.}", "7", "7"),
        ("{.a?no/ne}", "{}", "no/ne"), ("{.a?none}", #"{"a":null}"#, "none"),
        ("{.a[9]?}x", #"{"a":[]}"#, "x"),
        ("{.a}{.b}{.a}", #"{"b":2,"a":1}"#, "121"), ("{.a}", #"{"a":1,"a":2}"#, "2"),
        ("{.t:%Y-%m-%d}", #"{"t":"2024-05-01T23:30:00-02:00"}"#, "2024-05-02"),
        ("{.t:%Y/%H:%M:%S}", #"{"t":1714559696.9}"#, "2024/10:34:56"),
        ("{.t:%s}", #"{"t":"2024-05-01T\u0031\u0032:34:56Z"}"#, "1714566896"),
        ("{.t:%Y?never}", "{}", "never"), ("{.t:%Y?never}", #"{"t":null}"#, "never"),
    ])
    func ofTheLine(template: String, line: String, expected: String) throws {
        #expect(try key(template, line) == expected)
    }

    @Test(arguments: [
        ("{.a|.b}", #"{"b":1,"a":2}"#, "2"), ("{.a|.b}", #"{"b":1}"#, "1"),
        ("{.a|.b}", #"{"a":null,"b":1}"#, "1"),
        ("{.a|.b?c}", "{}", "c"), ("{.a|.b|seq:3}", "{}", "000"), ("x{.a|.b}", #"{"a":"","b":1}"#, "x"),
        ("{.a|.b!|env:HOME}", #"{"b":"x/y"}"#, "x/y"), ("{.a|.b!|env:HOME}", "{}", "%2Fhome%2Fa%20b"),
        ("{.time|.timestamp|now:%F}", #"{"timestamp":1714566896}"#, "2024-05-01"),
        ("{.time|.timestamp|now:%F}", #"{"time":"2024-05-02T00:00:00Z","timestamp":1}"#, "2024-05-02"),
        ("{.time|.timestamp|now:%F}", "{}", "2023-11-14"), ("{env:NONE|.a}", #"{"a":7}"#, "7"),
        ("{col:2|col:1}", "a", "a"), ("{.a|sha256:4}", "{}", "4413"), ("{.a|pid}/{.a|.b?}", "{}", "4711/"),
        // With a default, an empty value counts as missing too.
        ("{.a?none}", #"{"a":""}"#, "none"), ("{.a!?no/ne}", #"{"a":""}"#, "no/ne"),
        ("{.a:%Y?never}", #"{"a":""}"#, "never"), ("{.a|.b?c}", #"{"a":"","b":"d"}"#, "d"),
        ("{col:2?none}", "a\t\tc", "none"), ("{env:EMPTY?unset}", "", "unset"),
        ("{.a?none}", #"{"a":0}"#, "0"),
    ])
    func theFirstPresentAlternative(template: String, line: String, expected: String) throws {
        #expect(try key(template, line) == expected)
    }

    @Test(arguments: [
        ("{.a|.b}", "{}", LineFault(.missing, field: "{.a|.b}")),
        ("{.a|.b}", #"{"a":[],"b":1}"#, LineFault(.notScalar, field: "{.a}")),
        (
            "{.a|.b:%F}", #"{"b":"x"}"#,
            LineFault(.notTime(value: "x", lacksOffset: false), field: "{.b}")
        ),
        ("{.a|env:NONE|col:2}", "{}", LineFault(.missing, field: "{.a|env:NONE|col:2}")),
    ])
    func namesTheAlternativesThatAreMissing(template: String, line: String, fault: LineFault) throws {
        #expect(throws: fault) { _ = try key(template, line) }
    }

    /// Fields that do not come from the line, or cover all of it, change with each line and end no batch.
    @Test func onlyFieldsOfTheLineSelectTheBatch() throws {
        func partitions(_ template: String, _ lines: [String]) throws -> [[UInt8]] {
            var renderer = KeyRenderer(try Template(parsing: [UInt8](template.utf8)), context: .test)
            return try lines.map { line in
                let bytes = [UInt8](line.utf8)
                try renderer.read(bytes.bytes)
                try renderer.makePartition(bytes.bytes)
                return renderer.partition.bytes.array
            }
        }
        #expect(Set(try partitions("{sha256}{crc32}{line}{uuid}{now}", ["a", "b"])).count == 1)
        let found = try partitions(
            "{.a|.b|uuid}", [#"{"a":1}"#, #"{"a":1,"b":2}"#, #"{"b":1}"#, "{}", #"{"c":1}"#])
        #expect(found[0] == found[1] && found[3] == found[4] && Set(found).count == 3)
        #expect(Set(try partitions("{.a?x}", ["{}", #"{"a":""}"#, #"{"a":null}"#])).count == 1)
    }

    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test(arguments: [
        ("{.a}", "{}", LineFault(.missing, field: "{.a}")),
        ("{.a.b!:%Y}", #"{"a":{"b":null}}"#, LineFault(.missing, field: "{.a.b}")),
        ("{.a}", #"{"a":{}}"#, LineFault(.notScalar, field: "{.a}")),
        ("{.a?x}", #"{"a":[]}"#, LineFault(.notScalar, field: "{.a}")),
        ("{.a}", #"{"a":"\ud800"}"#, LineFault(.loneSurrogate, field: "{.a}")),
        (
            "{.a:%Y}", #"{"a":"2024-05-01"}"#,
            LineFault(.notTime(value: "2024-05-01", lacksOffset: false), field: "{.a}")
        ),
        (
            "{.a:%Y}", #"{"a":"2024-05-01\u002012:34"}"#,
            LineFault(.notTime(value: "2024-05-01 12:34", lacksOffset: true), field: "{.a}")
        ),
        ("{.a:%Y}", #"{"a":true}"#, LineFault(.notTime(value: "true", lacksOffset: false), field: "{.a}")),
        ("{.a:%Y}", #"{"a":1e30}"#, LineFault(.notTime(value: "1e30", lacksOffset: false), field: "{.a}")),
        ("{.a?x}", "", LineFault(.notJSON(.init(offset: 0, expected: .text)))),
        ("{.a?x}", #"{"a":1"#, LineFault(.notJSON(.init(offset: 6, expected: .commaOrObjectEnd)))),
        ("{col:3}", "a\tb", LineFault(.missing, field: "{col:3}")),
        ("{env:NONE}", "", LineFault(.missing, field: "{env:NONE}")),
        ("{env:EMPTY}", "", LineFault(.key(.empty))),
        ("{env:BYTES!}", "", LineFault(.key(.notUTF8))),
        ("{rand:1024}{seq}", "", LineFault(.key(.tooLong(bytes: 1025)))),
        (".{col:1}", "", LineFault(.dotSegment)),
    ])
    func refuses(template: String, line: String, fault: LineFault) throws {
        #expect(throws: fault) { _ = try key(template, line) }
    }

    @Test func stringsMustBeUTF8() throws {
        let line = [UInt8](#"{"a":""#.utf8) + [0xC3, 0x28] + [UInt8](#"","b":1}"#.utf8)
        #expect(throws: LineFault(.notUTF8, field: "{.a}")) { _ = try keys("{.a}", [line]) }
        #expect(throws: LineFault(.notUTF8, field: "{.a}")) { _ = try keys("{.a!}", [line]) }
        #expect(try keys("{.b}", [line]) == ["1"])
    }

    @Test func keysOf1024BytesArePossible() throws {
        #expect(try key("{rand:1024}").utf8.count == 1024)
        // An escape counts as the one byte that it encodes.
        #expect(try key("\t{rand:1023}").utf8.count == 1025)
    }

    @Test func sequenceCountsKeysAndLineCountsLines() throws {
        let template = try Template(parsing: [UInt8]("{col:2}-{seq}-{line}".utf8))
        var renderer = KeyRenderer(template, context: .test, firstSequenceNumber: 98)
        var keys: [String] = []
        for (number, line) in ["a\tx", "b", "c\ty", "d\tz"].enumerated() {
            let bytes = [UInt8](line.utf8)
            try renderer.read(bytes.bytes)
            do {
                try renderer.makeKey(bytes.bytes, number: UInt64(number + 1), readAt: testTime)
                keys.append(String(decoding: renderer.keyField, as: UTF8.self))
            } catch {
                #expect(error == LineFault(.missing, field: "{col:2}"))
            }
        }
        #expect(keys == ["x-98-1", "y-99-3", "z-100-4"])
    }

    @Test func randomDigitsHaveTheRequestedCount() throws {
        for (template, count) in [("{rand}", 16), ("{rand:1}", 1), ("{rand:17}", 17), ("{rand:33}", 33)] {
            let keys = try keys(template, [[], []])
            #expect(keys.allSatisfy { $0.wholeMatch(of: /[0-9a-f]+/) != nil && $0.utf8.count == count })
        }
        #expect(Set(try keys("{rand}", Array(repeating: [], count: 1000))).count == 1000)
    }

    @Test func uuid4IsRandom() throws {
        let keys = try keys("{uuid4}", Array(repeating: [], count: 1000))
        #expect(Set(keys).count == 1000)
        let form = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        #expect(keys.allSatisfy { $0.wholeMatch(of: form) != nil })
    }

    @Test func uuidShowsTheTimeAndIncreases() throws {
        let keys = try keys(
            "{uuid}", Array(repeating: [], count: 5000), readings: [testTime, testTime - 5_000_000_000])
        #expect(keys[0].hasPrefix("018bcfe5-687b-7"))
        #expect(keys == keys.sorted() && Set(keys).count == keys.count)
        let form = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        #expect(keys.allSatisfy { $0.wholeMatch(of: form) != nil })
    }

    @Test func ulidShowsTheTimeAndIncreases() throws {
        let keys = try keys("{ulid}", Array(repeating: [], count: 5000))
        #expect(keys[0].hasPrefix("01HF7YAT3V"))
        #expect(keys == keys.sorted() && Set(keys).count == keys.count)
        #expect(keys.allSatisfy { $0.wholeMatch(of: /[0-7][0-9A-HJKMNP-TV-Z]{25}/) != nil })
    }
}
