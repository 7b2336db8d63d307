import HTTPTransfer
import Randomness
import S3Core
import Testing

/// The fast parser for objects in the usual form gives the same page as the full parser.
@Suite struct PlainObjectsTests {
    @Test(arguments: 0..<200)
    func theFastAndTheFullParserAgree(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var objects: [[String]] = []
        for number in 0..<Int.random(in: 0...20, using: &random) {
            objects.append(Self.elements(number, &random))
        }
        for readsDetails in [false, true] {
            let plain = Self.read(Self.page(objects.map { $0.joined() }), readsDetails: readsDetails)
            // The fast parser does not handle objects that contain white space.
            let spaced = Self.read(
                Self.page(objects.map { $0.joined(separator: "\n ") + " " }), readsDetails: readsDetails)
            #expect(plain == spaced)
        }
    }

    private static func elements(_ number: Int, _ random: inout SplitMix64) -> [String] {
        let keys = ["k", "a%2Bb", "é", "&amp;", "a+b", "&lt;", "😀", "]]"]
        var elements = [
            "<Key>\(keys.randomElement(using: &random) ?? "")\(number)</Key>",
            "<Size>\(Int.random(in: 0...99, using: &random))</Size>",
            [
                "<ETag>&quot;e&quot;</ETag>", "<ETag>&#34;e-2&#34;</ETag>", "<ETag>\"e\"</ETag>", "<ETag/>",
                "<ETag></ETag>",
                "<ETag>&#x22;e&quot;</ETag>", "",
            ].randomElement(using: &random) ?? "",
            "<LastModified>2026-01-02T03:04:0\(number % 10)Z</LastModified>",
        ]
        let others = [
            "<StorageClass>STANDARD</StorageClass>", "<Owner><ID>a</ID><DisplayName/></Owner>",
            "<!-- </Contents> -->",
            "<x:y a='&gt;'>1</x:y>", "<Key>second</Key>", "<Size>7</Size>", "<Other>a &amp; b</Other>",
            "<O><![CDATA[<Key>]]></O>",
        ]
        for other in others where Int.random(in: 0..<12, using: &random) == 0 { elements.append(other) }
        return elements.filter { !$0.isEmpty }.shuffled(using: &random)
    }

    private static func page(_ objects: [String]) -> String {
        "<?xml version=\"1.0\"?><ListBucketResult xmlns:x=\"x\"><IsTruncated>false</IsTruncated>"
            + objects.map { "<Contents>\($0)</Contents>" }.joined()
            + "<EncodingType>url</EncodingType></ListBucketResult>"
    }

    private static func read(_ page: String, readsDetails: Bool = false) -> ListObjectsV2.Page? {
        try? ListObjectsV2(prefix: [], readsDetails: readsDetails).output(
            S3Response(head: HTTPResponseHead(status: 200), body: [UInt8](page.utf8)))
    }

    private static let object = "<Contents><Key>k</Key><Size>1</Size></Contents>"
    private static let end = "<IsTruncated>false</IsTruncated></ListBucketResult>"

    @Test(arguments: [
        ("<ListBucketResult>\(object)\(object)</ListBucketResult>", nil),
        ("<ListBucketResult>\(object)\(object)\(end)", 2),
        ("  \n<ListBucketResult>\(object)\(object)\(object)\(end)", 3),
        ("<ListBucketResult><!-- \(object) -->\(object)\(end)", 1),
        ("<ListBucketResult><!-- \(object)\(object)\(end)", nil),
        ("<ListBucketResult>\(object)<!-- \(object)-->\(object)\(end)", 2),
        ("<ListBucketResult><a b='\(object)\(object)'/>\(end)", nil),
        ("<ListBucketResult><a>\(object)\(object)</a>\(end)", 0),
        ("<ListBucketResult><![CDATA[\(object)\(object)]]>\(end)", 0),
        ("<ListBucketResult>\(object)\(object)</Other>", nil),
        ("<ListBucketResult>\(object)\(object)", nil),
        ("<ListBucketResult>\(object)<Contents><Key>k</Kez><Size>1</Size></Contents>\(end)", nil),
        ("<ListBucketResult>\(object)<Contents><Key>a\u{1}</Key><Size>1</Size></Contents>\(end)", nil),
        ("<ListBucketResult>\(object)<Contents><Key></Key><Size>1</Size></Contents>\(end)", nil),
        (
            "<ListBucketResult>\(object)<Contents><Key>k</Key><Size>9999999999999999999</Size></Contents>\(end)",
            nil
        ),
        ("<ListBucketResult>\(object)<Contents><Key>k</Key></Contents>\(end)", nil),
        ("<ListBucketResult>\(object)<Contents><Key>k</Key><Size>1</Size><a>&b;</a></Contents>\(end)", nil),
        ("<Error>\(object)\(object)</Error>", nil), ("\(object)\(object)", nil),
    ])
    func isAcceptedOnlyAsAnElementOfACompleteListing(page: String, count: Int?) {
        #expect(Self.read(page)?.objects.count == count)
    }

    @Test func tooManyElementsAreRefused() {
        #expect(Self.read(Self.page([String](repeating: "<Key>k</Key><Size>1</Size>", count: 33_000))) != nil)
        #expect(Self.read(Self.page([String](repeating: "<Key>k</Key><Size>1</Size>", count: 34_000))) == nil)
    }
}
