import ByteIO
import HTTPTransfer
import S3Core
import Testing

/// DeleteObjects: its requests and responses.
@Suite struct DeleteObjectsTests {
    @Test func theRequestCarriesKeysETagsAndAChecksum() {
        let request = DeleteObjects([
            .init(key: [UInt8]("a<&>\"b".utf8)), .init(key: [UInt8]("c".utf8), etag: [UInt8]("\"e\"".utf8)),
        ]).request()
        let body = request.body.map { block in block.bytes.array } ?? []
        #expect(
            String(decoding: body, as: UTF8.self)
                == "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<Object><Key>a&lt;&amp;&gt;\"b</Key></Object>"
                + "<Object><Key>c</Key><ETag>\"e\"</ETag></Object></Delete>")
        #expect(request.method == .post && request.query.map(\.name) == ["delete"])
        #expect(request.headers.first?.value.count == 24)
    }

    @Test func eachKeyHasAnOutcome() throws {
        let outcome = try outcome(
            """
            <DeleteResult><Deleted><Key>a&amp;</Key></Deleted><Error><Key>b</Key><Code>PreconditionFailed</Code>\
            <Message>m</Message></Error><Deleted><Key>c</Key></Deleted><Error><Key>c</Key><Code>InternalError</Code>\
            </Error></DeleteResult>
            """)
        #expect(outcome.deleted == [[UInt8]("a&".utf8)], "what is said to have failed is not deleted")
        #expect(
            outcome.failed[[0x62]]?.kind == .preconditionFailed
                && outcome.failed[[0x63]]?.kind == .serverFailed)
    }

    /// JuiceFS's gateway responds so.
    @Test func outcomesWithoutKeysCountIfEachObjectHasOne() throws {
        let nameless = "<Deleted></Deleted>"
        let failure = "<Error><Key>a</Key><Code>AccessDenied</Code></Error>"
        func deleted(_ body: String) throws -> Set<[UInt8]> {
            try DeleteObjects([.init(key: [0x61]), .init(key: [0x62])]).output(
                S3Response(
                    head: HTTPResponseHead(status: 200),
                    body: [UInt8]("<DeleteResult>\(body)</DeleteResult>".utf8))
            ).deleted
        }
        #expect(try deleted(nameless + nameless) == [[0x61], [0x62]])
        #expect(try deleted(nameless + failure) == [[0x62]])
        #expect(try deleted(nameless).isEmpty, "one of them, but which?")
        #expect(try deleted(nameless + nameless + failure).isEmpty)
    }

    @Test(arguments: ["", "<html/>", "<DeleteResult><Deleted>", "<ListBucketResult/>", "{}"])
    func aResponseWithoutOutcomesIsRefused(body: String) {
        #expect(throws: S3Error.self) { try outcome(body) }
    }

    private func outcome(_ body: String) throws -> DeleteObjects.Outcome {
        try DeleteObjects([]).output(
            S3Response(head: HTTPResponseHead(status: 200), body: [UInt8](body.utf8)))
    }

    /// If a reused connection turns out to be closed, requests that may be sent twice must not fail.
    @Test func idempotentRequestsAreMarked() {
        let condition = [HTTPHeader("if-none-match", "*")]
        let key: [UInt8] = [0x6B]
        #expect(DeleteObjects([]).request().isIdempotent)
        #expect(PutObject(key: key, body: ByteBlock()).request().isIdempotent)
        #expect(!PutObject(key: key, body: ByteBlock(), conditions: condition).request().isIdempotent)
        #expect(!CreateMultipartUpload(key: key).request().isIdempotent)
        #expect(!CompleteMultipartUpload(key: key, uploadID: [], parts: []).request().isIdempotent)
    }
}
