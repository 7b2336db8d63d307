import ByteIO
import S3Core
import Testing

@Suite struct LocationTests {
    @Test(arguments: [
        ("s3://b", "b", ""), ("s3://b/", "b", ""), ("s3://b/a/b/", "b", "a/b/"), ("s3://b//x", "b", "/x"),
        ("s3://b/%20 \\t", "b", "%20 \\t"),
        ("s3://b/\u{301}", "b", "\u{301}"), ("s3://b/\u{301}/\u{20DD}", "b", "\u{301}/\u{20DD}"),
        ("s3://b//\u{FE0F}", "b", "/\u{FE0F}"),
        (
            "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/name/\u{301}",
            "arn:aws:s3:us-east-1:123456789012:accesspoint/name", "\u{301}"
        ),
    ])
    func readsBucketAndPrefixLiterally(text: String, bucket: String, prefix: String) throws {
        let location = try Location(text)
        #expect(location.bucket == bucket)
        #expect(location.prefix == [UInt8](prefix.utf8))
    }

    @Test(arguments: [
        "b", "s3:/b", "s3://", "s3:///x", "s3://a b/x", "s3://b\r\n/x", "s3://..", "S3://b", "s3://\u{301}b",
        "s3://b\u{301}/x",
    ])
    func refusesInvalidLocations(text: String) {
        #expect(throws: ConfigurationError.self) { try Location(text) }
    }

    @Test func joinsAndSplitsKeys() throws {
        let location = Location(bucket: "b", prefix: [UInt8]("day=1/".utf8))
        #expect(try location.objectKey([UInt8]("x".utf8)) == [UInt8]("day=1/x".utf8))
        #expect(location.relativeKey([UInt8]("day=1/x".utf8)) == [UInt8]("x".utf8))
        #expect(location.relativeKey([UInt8]("day=2/x".utf8)) == nil)
    }

    @Test func checksTheWholeKey() throws {
        let location = Location(bucket: "b", prefix: [UInt8](repeating: 0x61, count: 1000))
        #expect(try location.objectKey([UInt8](repeating: 0x62, count: 24)).count == 1024)
        #expect(throws: ObjectKey.Problem.tooLong(bytes: 1025)) {
            try location.objectKey([UInt8](repeating: 0x62, count: 25))
        }
        #expect(throws: ObjectKey.Problem.notUTF8) { try location.objectKey([0xFF]) }
        #expect(throws: ObjectKey.Problem.empty) { try Location(bucket: "b").objectKey([]) }
    }
}
