import JSONStream
import Testing

@testable import KeyTemplate

@Suite struct TemplateParserTests {
    @Test(arguments: [
        ("", 0), ("a{", 1), ("a{ns", 1), ("{", 0), ("{ns:3", 0), ("{.a?x", 0), ("{.a?x\\", 0), ("a}", 1),
        ("{ns}}", 4),
        ("{}", 1), ("{nss}", 1), ("x{ ns}", 2), ("{ns }", 1), ("{NS}", 1), ("{!}", 1), ("é{foo}", 3),
        ("{ns:}", 4), ("{ns:x}", 4), ("{ns:0}", 4), ("{ns:-1}", 4), ("{ns:1025}", 4), ("{seq:a}", 5),
        ("{line:1x}", 6), ("{s:9999999999999999999999}", 3), ("{sha256:65}", 8), ("{sha256:0}", 8),
        ("{crc32:9}", 7),
        ("{rand:0}", 6), ("{now:}", 5), ("{now:%}", 5), ("{now:%Y%Q}", 7), ("{now:%N}", 5), ("{now:%Ed}", 5),
        ("{now:\\:%Q}", 7), ("{.t:%Y-%!}", 7), ("{now:\\x}", 5), ("{.a?\\x}", 4), ("{uuid:1}", 5),
        ("{uuid4:1}", 6),
        ("{ulid:x}", 5), ("{host:x}", 5), ("{pid:5}", 4), ("{env}", 4), ("{env:}", 5), ("{env:A=B}", 5),
        ("{env:A:x}", 6), ("{col}", 4), ("{col:}", 5), ("{col:0}", 5), ("{col:x}", 5), ("{col:1:2}", 6),
        ("{ns!!}", 4), ("{ns!x}", 4), ("{.a b}", 3), ("{.a[}", 4), ("{..a}", 2), ("{.\"a}", 2), ("{.a", 0),
        ("{.a!", 0),
    ])
    func marksTheMistake(template: String, offset: Int) {
        let error = #expect(throws: TemplateError.self) {
            _ = try Template(parsing: [UInt8](template.utf8))
        }
        #expect(error?.offset == offset, "\(error.map(\.reason) ?? "")")
    }

    @Test func theMarkIsBelowTheMistake() throws {
        let template = [UInt8]("dé\t日{nss}".utf8)
        let error = #expect(throws: TemplateError.self) { _ = try Template(parsing: template) }
        #expect(error?.reason.hasPrefix("unknown field 'nss'; the fields are ns us ms s now seq") == true)
        #expect(error?.marked(in: template) == "dé\\t日{nss}\n      ^")
    }

    @Test func aLongTemplateIsShownAroundTheMark() {
        let template = [UInt8](
            (String(repeating: "é", count: 500) + "{nss}" + String(repeating: "日", count: 500)).utf8)
        let error = #expect(throws: TemplateError.self) { try Template(parsing: template) }
        let lines = (error?.marked(in: template) ?? "").split(separator: "\n")
        #expect(lines.first?.hasPrefix("...éé") == true && lines.first?.hasSuffix("日日...") == true)
        #expect(lines.first.map { $0.count < 120 } == true)
        let mark = lines.last.map { $0.count - 1 } ?? 0
        #expect(lines.first?.dropFirst(mark).hasPrefix("nss}") == true)
    }

    @Test(arguments: ["{.a$}", "{.[0]$}"]) func pathsHaveAMaximumOfSteps(form: String) throws {
        for (steps, isTooLong) in [(1023, false), (1024, true), (60_000, true)] {
            let text = form.replacing("$", with: String(repeating: ".b", count: steps))
            let error = Self.error(text)
            #expect((error != nil) == isTooLong)
            if isTooLong { #expect(error?.reason == "a path has at most 1024 names and indices") }
        }
    }

    @Test(arguments: ["{.a}", "{line}"]) func templatesHaveAMaximumOfFields(field: String) {
        #expect(Self.error(String(repeating: field, count: 1024)) == nil)
        let error = Self.error(String(repeating: field, count: 30_000))
        #expect(error == TemplateError(1024 * field.utf8.count + 1, "a template has at most 1024 fields"))
        let alternatives = "{" + (0..<2000).map { ".a\($0)" }.joined(separator: "|") + "}"
        #expect(Self.error(alternatives)?.reason == "a template has at most 1024 fields")
    }

    @Test func messagesTruncateLongNames() {
        let long = String(repeating: "x", count: 100_000)
        for template in [
            "{\(long)}", "{env:\(long)|.a}", "{.\(long):yyyy}", "{now:\(long)}", "{host|\(long)}",
        ] {
            #expect((Self.error(template)?.reason.utf8.count ?? 0) < 600)
        }
    }

    private static func error(_ text: String) -> TemplateError? {
        do {
            _ = try Template(parsing: [UInt8](text.utf8))
            return nil
        } catch { return error }
    }

    /// A partial character anywhere would make keys that are not UTF-8.
    @Test(arguments: ["a", "{now:%Y", "{.a?", "{.a:%Y"]) func aTemplateIsUTF8(start: String) {
        let end = [UInt8](start.contains("{") ? "}".utf8 : "{seq}".utf8)
        let template = [UInt8](start.utf8) + [0xC3] + end + [0xA9]
        let error = #expect(throws: TemplateError.self) { _ = try Template(parsing: template) }
        #expect(error?.reason == "the template is not UTF-8")
    }

    @Test(arguments: ["{}", "{ ns}", "{ }"]) func aNameIsExpected(template: String) {
        let error = #expect(throws: TemplateError.self) {
            _ = try Template(parsing: [UInt8](template.utf8))
        }
        #expect(error?.reason.hasPrefix("expected the name of a field") == true)
    }

    @Test func readsEveryPartOfAField() throws {
        let template = try Template(parsing: [UInt8]("a/{.x.y[2]!:%Y?no:ne}{{".utf8))
        let path = Field.Alternative(
            source: .path(try #require(FieldPath(".x.y[2]")), try TimeFormat(parsing: [UInt8]("%Y".utf8))),
            isRaw: true, name: ".x.y[2]")
        let field = Field(alternatives: [path], fallback: [UInt8]("no:ne".utf8))
        #expect(field.name == "{.x.y[2]}")
        #expect(template.parts == [.text([UInt8]("a/".utf8)), .field(field), .text([UInt8]("{".utf8))])
    }

    @Test func alternativesShareTheLastFormatOfTheirKind() throws {
        let format = try TimeFormat(parsing: [UInt8]("%F".utf8))
        let year = try TimeFormat(parsing: [UInt8]("%Y".utf8))
        func sources(_ template: String) throws -> [FieldSource] {
            try Template(parsing: [UInt8](template.utf8)).fields.flatMap(\.alternatives).map(\.source)
        }
        let path = try #require(FieldPath(".a"))
        #expect(
            try sources("{.a|env:X|.a:%Y|now:%F}") == [
                .path(path, format), .environment(name: "X"), .path(path, year), .now(format),
            ])
        #expect(try sources("{.a|now}") == [.path(path, nil), .now(.internetDateTime)])
        #expect(try sources("{.a:%Y|col:2}") == [.path(path, year), .column(2)])
        // A width is not a time format.
        #expect(try sources("{.a|seq:6}") == [.path(path, nil), .sequence(width: 6)])
        #expect(
            try sources(#"{."a|b"|.c?d|e}"#)
                == [
                    .path(try #require(FieldPath(#"."a|b""#)), nil),
                    .path(try #require(FieldPath(".c")), nil),
                ])
        #expect(FieldPath(".a|b") == nil)
        #expect(try key(#"{now:%Y\|%m}"#) == "2023|11")
    }

    @Test(arguments: [
        ("{now|.a}", 5, "'.a' is never used: 'now' before it"), ("{.a|seq|uuid}", 8, "'uuid' is never used"),
        ("{.a|}", 4, "expected the name of a field"), ("{.a|nss}", 4, "unknown field 'nss'"),
        ("{.a|now:%Q}", 8, "not a conversion"), ("{.a|env:X:y}", 9, "'env' accepts no format"),
        ("{now:yyyy/MM/dd}", 5, "for 'yyyy/MM/dd' write '%Y/%m/%d'"),
        ("{now:YYYY-MM-DD}", 5, "write '%Y-%m-%d'"), ("{now:yyyymmdd}", 5, "write '%Y%m%d'"),
        ("{now:2006-01-02}", 5, "write '%Y-%m-%d'"), ("{.t:2006/01/02/15}", 4, "write '%Y/%m/%d/%H'"),
        (#"{now:yyyy-MM-dd'T'HH\:mm\:ss}"#, 5, "write '%Y-%m-%d'T'%H:%M:%S'"),
        ("{.a|now:MMM}", 8, "write '%b'"), ("{now:day}", 5, "%Y-%m-%d is"), ("{now:10}", 5, "%Y-%m-%d is"),
    ])
    func describesTheErrorOf(template: String, offset: Int, reason: String) {
        let error = #expect(throws: TemplateError.self) { _ = try Template(parsing: [UInt8](template.utf8)) }
        #expect(error?.offset == offset)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test(arguments: [
        ("{.id|uuid}", false), ("{.id|uuid}{seq}", true),
        ("{ns}", true), ("{us}", true), ("{seq}", true), ("{uuid}", true), ("{uuid4}", true),
        ("{ulid}", true),
        ("{rand}", true), ("{ms}", false), ("{s}", false), ("{now}", false), ("{line}", false),
        ("{sha256}", false),
        ("{.a}", false), ("{host}{pid}", false), ("x", false), ("{.a}/{seq}", true),
    ])
    func findsWhichKeysAreUnique(template: String, isUnique: Bool) throws {
        #expect(try Template(parsing: [UInt8](template.utf8)).givesUniqueKeys == isUnique)
    }

    @Test func onlyMicrosecondsNeedCoarseSteps() throws {
        #expect(try Template(parsing: [UInt8]("{us}{.a}".utf8)).timeResolution == 1000)
        #expect(try Template(parsing: [UInt8]("{us}{seq}".utf8)).timeResolution == 1)
        #expect(try Template(parsing: [UInt8]("{ns}{us}".utf8)).timeResolution == 1)
        #expect(try Template(parsing: [UInt8]("{seq}".utf8)).timeResolution == 1)
    }
}
