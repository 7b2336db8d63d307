import S3Core
import Testing

@Suite struct PrefixPatternTests {
    @Test(arguments: [
        ("AWSLogs/*/CloudTrail/*/", "AWSLogs/1/CloudTrail/eu/2026/k", "AWSLogs/1/CloudTrail/eu/"),
        ("AWSLogs/*/CloudTrail/*/", "AWSLogs/1/CloudTrail/k", nil),
        ("AWSLogs/*/CloudTrail/*/", "AWSLogs/1/2/CloudTrail/eu/k", nil),
        ("AWSLogs/*/CloudTrail/*/", "AWSLogs/1/CloudWatch/eu/k", nil),
        ("*/", "a/b/c", "a/"), ("*/", "a", nil), ("*/", "/k", "/"),
        ("dt=*/h=*/", "dt=1/h=2/3", "dt=1/h=2/"), ("dt=*/h=*/", "dt=1/x=2/3", nil),
        ("a*a/", "a/k", nil), ("a*a/", "aa/k", "aa/"), ("a*b*c/", "abbc/k", "abbc/"),
        ("a*b*c/", "acb/k", nil),
        ("*/b?[c]/", "a/b?[c]/k", "a/b?[c]/"), ("*/b?[c]/", "a/bxc/k", nil), ("é*/", "éü/k", "éü/"),
    ])
    func aStarMatchesWithinItsSegment(text: String, key: String, prefix: String?) throws {
        let pattern = try PrefixPattern(text)
        #expect(pattern.prefix(of: [UInt8](key.utf8)) == prefix.map { [UInt8]($0.utf8) })
        if let prefix {
            #expect(pattern.matches([UInt8](prefix.utf8)) && !pattern.matches([UInt8](key.utf8)))
        }
    }

    @Test(arguments: [
        ("", PrefixPattern.Problem.empty), ("*", .withoutSlash), ("a/*/b", .withoutSlash),
        ("a/", .withoutStar),
        ("a/**/", .doubleStar),
    ])
    func anInvalidPatternIsExplained(text: String, problem: PrefixPattern.Problem) {
        #expect(throws: problem) { try PrefixPattern(text) }
    }
}
