import S3Core
import Testing

/// The syntax of shared files as botocore parses it; the integration tests compare more of it with botocore.
@Suite struct ConfigFileTests {
    private func sections(_ text: String) throws -> [String: ConfigFile.Section] {
        try ConfigFile([UInt8](text.utf8)).sections
    }

    @Test func namesAreLowerCaseAndValuesTrimmed() throws {
        let file = try sections("[a]\r\nREGION =  x y \r\nother:z=1\n# r = 1\n ; s = 2\nempty =\n")
        #expect(
            file == ["a": ["region": .text("x y"), "other": .text("z=1"), "empty": .text("")]])
    }

    @Test func aCommentAfterAValueIsPartOfIt() throws {
        #expect(try sections("[a]\nk = v # c") == ["a": ["k": .text("v # c")]])
    }

    @Test func indentedLinesContinueAValue() throws {
        #expect(
            try sections("[a]\nk = v\n  w\n\n  x\n\nl=1") == [
                "a": ["k": .text("v\nw\n\nx"), "l": .text("1")]
            ])
        #expect(
            try sections("[a]\ns3 =\n  Addressing_Style = path\n\n  b=c=d\nr=1")
                == ["a": ["s3": .nested(["Addressing_Style": "path", "b": "c=d"]), "r": .text("1")]])
    }

    @Test func theSectionDEFAULTAppliesToAllSections() throws {
        #expect(
            try sections("[DEFAULT]\nk=1\n[a]\n[b]\nk=2") == ["a": ["k": .text("1")], "b": ["k": .text("2")]])
    }

    @Test(arguments: [
        "k=v", "[a]\nk", "[a]\n=v", "[a]\nk=1\nk=2", "[a]\n[a]", "[a]\ns3=\n  x", "\u{FEFF}[a]", "[]",
    ])
    func refuses(text: String) { #expect(throws: ConfigFile.Malformed.self) { try sections(text) } }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: ConfigFile.Malformed.self) { try ConfigFile([0x5B, 0xFF, 0x5D]) }
    }

    @Test func profilesHaveNames() throws {
        let config = try ConfigFile(
            [UInt8](
                "[default]\nregion=d\n[profile \"a b\"]\nregion=e\n[c]\nregion=f\n[profile x]\nregion=g\nl=1"
                    .utf8))
        let credentials = try ConfigFile([UInt8]("[x]\nregion=h\n[y]\n".utf8))
        func region(_ name: String?) throws -> String? {
            try Profiles(config, credentials: credentials, name: name).value("region")
        }
        #expect(try region(nil) == "d")
        #expect(try region("a b") == "e")
        #expect(try region("x") == "h")
        #expect(try region("y") == nil)
        #expect {
            try region("c")
        } throws: {
            "\($0)" == "profile 'c' does not exist; there are: a b, default, x, y"
        }
    }

    @Test(arguments: [
        ("a  b", ["a", "b"]), ("'a b' c", ["a b", "c"]), (#""a \" \x" \d"#, [#"a " \x"#, "d"]), ("''", [""]),
        ("", []),
    ])
    func wordsAreSplitAsByAShell(text: String, words: [String]) { #expect(ShellWords.split(text) == words) }

    @Test(arguments: ["'", "\"a", "a\\", "\"\\"])
    func unterminatedWordsAreRefused(text: String) { #expect(ShellWords.split(text) == nil) }
}
