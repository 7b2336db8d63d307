import ByteIO
import HTTPTransfer
import S3Core
import Testing

/// Parsing of responses.
@Suite struct AnswerTests {
    private static let page = """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>\
        <NextContinuationToken>t2</NextContinuationToken><EncodingType>url</EncodingType>\
        <Contents><Key>a+b%2Bc/%C3%A9</Key><Size>3</Size><ETag>&quot;e&quot;</ETag>\
        <LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents></ListBucketResult>
        """

    @Test func readsAPage() throws {
        let page = try ListObjectsV2(prefix: []).output(response(200, Self.page))
        #expect(page.continuationToken == [UInt8]("t2".utf8))
        #expect(page.objects == [ListObjectsV2.Object(key: [UInt8]("a b+c/é".utf8), size: 3)])
    }

    @Test func readsDetailsIfRequested() throws {
        let page = try ListObjectsV2(prefix: [], readsDetails: true).output(response(200, Self.page))
        let details = page.objects.map(\.details)
        #expect(details.map(\.?.etag) == [[UInt8]("\"e\"".utf8)])
        #expect(details.map(\.?.lastModified) == [[UInt8]("2026-01-02T03:04:05.000Z".utf8)])
    }

    @Test func decodesKeysOnlyIfTheServiceEncodedThem() throws {
        let plain = Self.page.replacing("<EncodingType>url</EncodingType>", with: "")
        let page = try ListObjectsV2(prefix: []).output(response(200, plain))
        #expect(page.objects.map(\.key) == [[UInt8]("a+b%2Bc/%C3%A9".utf8)])
    }

    @Test(arguments: [
        "", "<html/>", "<ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<!DOCTYPE x [<!ENTITY e 'k'>]><ListBucketResult></ListBucketResult>",
        "<ListBucketResult/>", page("<Contents><Key></Key><Size>1</Size></Contents>"),
        page("<Contents><Key>k</Key><Size>1</Size><ETag>a\tb</ETag></Contents>"),
        page("<Contents><Key>k</Key><Size>1</Size><LastModified>a\nb</LastModified></Contents>"),
        page(String(repeating: "<a/>", count: 100_000)),
        page(String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17)),
    ])
    func refusesInvalidPages(body: String) {
        let error = #expect(throws: S3Error.self) {
            try ListObjectsV2(prefix: [], readsDetails: true).output(response(200, body))
        }
        #expect(error?.kind == .notS3)
    }

    /// A last page with `contents`.
    private static func page(_ contents: String) -> String {
        "<ListBucketResult><IsTruncated>false</IsTruncated>\(contents)</ListBucketResult>"
    }

    @Test(arguments: ["", " ", "\"a\tb\"", "\"a\rb\"", "a b", "\u{7F}"])
    func invalidETagsAreIgnored(etag: String) {
        let head = HTTPResponseHead(status: 200, headers: [HTTPHeader("etag", etag)])
        #expect(ObjectHead(head).etag == nil)
        let error = #expect(throws: S3Error.self) {
            try PutObject(key: [1], body: ByteBlock()).output(S3Response(head: head, body: []))
        }
        #expect(error?.kind == .notS3 && error?.mayHaveBeenApplied == true)
    }

    @Test func aTruncatedResponseToCompleteIsRetried() {
        let operation = CompleteMultipartUpload(key: [1], uploadID: [2], parts: [])
        for body in ["", "  ", "<CompleteMultipartUploadResult><ETag>x"] {
            let error = #expect(throws: S3Error.self) { try operation.output(response(200, body)) }
            #expect(error?.kind == .damaged && error?.mayHaveBeenApplied == true)
        }
        let error = #expect(throws: S3Error.self) { try operation.output(response(200, "<html/>")) }
        #expect(error?.kind == .notS3)
    }

    @Test func elementsInOtherPlacesAreNotPartOfAnObject() throws {
        let body = """
            <s3:ListBucketResult xmlns:s3="x"><Key>no</Key><s3:Contents><Size>7</Size><Key>a%20<b>no</b>b</Key>
            <Key>second</Key><Owner><Key>no</Key><ID>no</ID></Owner></s3:Contents><IsTruncated>false</IsTruncated>
            <CommonPrefixes><Key>no</Key></CommonPrefixes><EncodingType>url</EncodingType></s3:ListBucketResult>
            """
        let page = try ListObjectsV2(prefix: []).output(response(200, body))
        #expect(page.objects == [ListObjectsV2.Object(key: [UInt8]("a b".utf8), size: 7)])
        #expect(page.continuationToken == nil)
    }

    @Test func aTokenMustBeNew() {
        let operation = ListObjectsV2(prefix: [], continuationToken: [UInt8]("t2".utf8))
        let error = #expect(throws: S3Error.self) { try operation.output(response(200, Self.page)) }
        #expect(error?.kind == .notS3)
    }

    @Test(arguments: [
        (404, "NoSuchKey", S3Error.Kind.noSuchKey), (404, "NoSuchBucket", .noSuchBucket),
        (403, "AccessDenied", .accessDenied), (403, "SignatureDoesNotMatch", .credentialsRefused),
        (503, "SlowDown", .throttled), (400, "ThrottlingException", .throttled), (429, "", .throttled),
        (400, "RequestTimeout", .timedOut), (500, "InternalError", .serverFailed), (502, "", .serverFailed),
        (412, "PreconditionFailed", .preconditionFailed), (400, "BadDigest", .damaged),
        (301, "PermanentRedirect", .wrongRegion), (400, "EntityTooLarge", .refused),
    ])
    func distinguishesErrors(status: Int, code: String, kind: S3Error.Kind) {
        let body = "<Error><Code>\(code)</Code><Message>m</Message><RequestId>r</RequestId></Error>"
        let error = ErrorDocument.error(response(status, body), method: .put, addressesObject: true)
        #expect(error.kind == kind)
        #expect(error.message == "m" && error.requestID == "r" && error.status == status)
    }

    @Test func aWebServersPageIsNotS3() {
        let error = ErrorDocument.error(
            response(404, "<html>not found</html>"), method: .get, addressesObject: true)
        #expect(error.kind == .notS3)
    }

    @Test func longServiceMessagesAreShortened() {
        let long = String(repeating: "é", count: 20_000)
        let answer = response(
            400, "<Error><Code>\(long)</Code><Message>\(long)</Message><RequestId>\(long)</RequestId></Error>"
        )
        let error = ErrorDocument.error(answer, method: .put, addressesObject: true)
        #expect((1000...3500).contains(error.description.count))
    }

    @Test func aProxysRefusalIsReportedAsSuch() {
        let error = ErrorDocument.error(response(407, "<html/>"), method: .put, addressesObject: true)
        #expect(error.kind == .notS3 && error.message.contains("proxy"))
    }

    @Test func onlyARegionNameMayBecomePartOfAHost() {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>evil.example/</Region></Error>"
        let error = ErrorDocument.error(response(400, body), method: .put, addressesObject: true)
        #expect(error.kind == .wrongRegion && error.region == nil)
    }

    @Test func aHeadNamesTheRegionWithoutABody() {
        let head = HTTPResponseHead(status: 400, headers: [HTTPHeader("x-amz-bucket-region", "eu-west-3")])
        let error = ErrorDocument.error(
            S3Response(head: head, body: []), method: .head, addressesObject: false)
        #expect(error.kind == .wrongRegion && error.region == "eu-west-3")
    }

    /// In any form: services may send blanks first to keep a connection alive.
    @Test(arguments: [
        "<Error>|</Error>", "<s3:Error xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/'>|</s3:Error>",
        String(repeating: " ", count: 2000) + "<Error>|</Error>",
        "<?xml version='1.0'?><!--" + String(repeating: "-\n", count: 500) + "--><Error\n>|</Error>",
    ])
    func anErrorDocumentInASuccessResponseIsAnError(form: String) {
        let content = "<Code>InternalError</Code><Message>We encountered an error</Message>"
        let error = ErrorDocument.error(inSuccess: response(200, form.replacing("|", with: content)))
        #expect(error?.kind == .serverFailed && error?.code == "InternalError")
        #expect(error?.mayHaveBeenApplied == true)
    }

    @Test func aSuccessDocumentIsNotAnError() {
        #expect(ErrorDocument.error(inSuccess: response(200, "")) == nil)
        #expect(ErrorDocument.error(inSuccess: response(200, "<CompleteMultipartUploadResult/>")) == nil)
    }

    @Test(arguments: [("bytes 0-9/100", 0, 10, 100), ("bytes 99-99/100", 99, 100, 100)])
    func readsContentRange(text: String, first: Int, end: Int, size: Int) {
        let range = ContentRange(text)
        #expect(range?.bytes == first..<end && range?.objectSize == size)
    }

    @Test(arguments: ["bytes */100", "bytes 0-9/*", "bytes 9-0/100", "bytes 0-100/100", "lines 0-1/2", ""])
    func refusesOtherContentRanges(text: String) { #expect(ContentRange(text) == nil) }

    @Test(arguments: [nil, "bytes 500-999/*", "bytes */1000"] as [String?])
    func theLengthOfARangeIsNotTheObjectsSize(range: String?) {
        var headers = [HTTPHeader("content-length", "500")]
        if let range { headers.append(HTTPHeader("content-range", range)) }
        let head = ObjectHead(HTTPResponseHead(status: 206, headers: headers))
        #expect(head.isPartial && head.contentRange == nil && head.objectSize == nil)
        #expect(ObjectHead(HTTPResponseHead(status: 200, headers: headers)).objectSize == 500)
    }

    /// rclone responds so to a range request.
    @Test func aContentRangeWithStatus200IsPartial() {
        let headers = [HTTPHeader("content-range", "bytes 5-9/20"), HTTPHeader("content-length", "5")]
        let head = ObjectHead(HTTPResponseHead(status: 200, headers: headers))
        #expect(head.isPartial && head.contentRange?.bytes == 5..<10 && head.objectSize == 20)
    }

    @Test(arguments: [("bytes 0-499/500", true), ("bytes 0-499/501", false), ("bytes 1-500/501", false)])
    func aRangesChecksumCountsOnlyIfItIsTheWholeObject(range: String, isWhole: Bool) {
        let headers = [
            HTTPHeader("content-range", range), HTTPHeader("x-amz-checksum-crc32", "AAAAAA=="),
            HTTPHeader("x-amz-checksum-type", "FULL_OBJECT"),
        ]
        let head = ObjectHead(HTTPResponseHead(status: 206, headers: headers))
        #expect((head.checksum != nil) == isWhole)
    }

    private func response(_ status: Int, _ body: String) -> S3Response {
        S3Response(head: HTTPResponseHead(status: status), body: [UInt8](body.utf8))
    }
}
