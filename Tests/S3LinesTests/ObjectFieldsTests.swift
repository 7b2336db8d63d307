import HTTPTransfer
import S3Lines
import Testing

@Suite struct ObjectFieldsTests {
    @Test func fieldsAreWrittenInS3sForm() throws {
        var fields = ObjectFields()
        try fields.set("content-type", "text/plain", option: "--content-type")
        try fields.set("x-amz-acl", nil, option: "--acl")
        try fields.add(metadata: "Owner=a=b c")
        try fields.add(tag: "team=ä&b")
        try fields.add(tag: "x y=")
        #expect(
            fields.headers == [
                HTTPHeader("content-type", "text/plain"), HTTPHeader("x-amz-meta-owner", "a=b c"),
                HTTPHeader("x-amz-tagging", "team=%C3%A4%26b&x%20y="),
            ])
    }

    @Test func aValueMayStartWithACombiningMark() throws {
        var fields = ObjectFields()
        try fields.add(tag: "t=\u{FE0F}=\u{301}")
        // Equal as Swift strings, but different in S3.
        try fields.add(tag: "\u{E9}=1")
        try fields.add(tag: "e\u{301}=2")
        #expect(
            fields.headers == [
                HTTPHeader("x-amz-tagging", "t=%EF%B8%8F%3D%CC%81&%C3%A9=1&e%CC%81=2")
            ])
    }

    @Test(arguments: [
        "noequals", "=v", "a b=c", "é=1", "k=v\nx", "k=é", "k=\u{301}", "k=\u{7F}", "k=1,l=2", "k=,l=",
    ])
    func badMetadataIsRefused(pair: String) {
        var fields = ObjectFields()
        #expect(throws: ObjectFields.Invalid.self) { try fields.add(metadata: pair) }
    }

    @Test(arguments: ["k=1,2", "k=a=b", "k=a,=b", "k=,", "k=a, b", "k=a,b c=d"])
    func oneValueMayHaveCommas(pair: String) throws {
        var fields = ObjectFields()
        try fields.add(metadata: pair)
        #expect(fields.headers.map(\.value) == [Array(pair.utf8.dropFirst(2))])
    }

    @Test func namesMustBeUnique() throws {
        var fields = ObjectFields()
        try fields.add(metadata: "a=1")
        try fields.add(tag: "a=1")
        #expect(throws: ObjectFields.Invalid.self) { try fields.add(metadata: "A=2") }
        #expect(throws: ObjectFields.Invalid.self) { try fields.add(tag: "a=2") }
    }

    @Test func metadataHasALimit() throws {
        var fields = ObjectFields()
        try fields.add(metadata: "a=" + String(repeating: "x", count: 2047))
        #expect(throws: ObjectFields.Invalid.self) { try fields.add(metadata: "b=") }
    }
}
