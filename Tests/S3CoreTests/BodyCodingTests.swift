import ByteIO
import Codec
import HTTPTransfer
import Testing

@testable import S3Core

/// Whether a response contains the stored bytes.
@Suite struct BodyCodingTests {
    private static func head(
        _ coding: String?, _ length: Int? = nil, status: Int = 200, range: String? = nil
    ) -> ObjectHead {
        var fields = [HTTPHeader("etag", "\"e\"")]
        if let coding { fields.append(HTTPHeader("content-encoding", coding)) }
        fields.append(
            length.map { HTTPHeader("content-length", String($0)) }
                ?? HTTPHeader("transfer-encoding", "chunked"))
        if let range { fields.append(HTTPHeader("content-range", range)) }
        return ObjectHead(HTTPResponseHead(status: status, headers: fields))
    }

    @Test(arguments: [nil, "identity", "aws-chunked", "Identity, AWS-chunked"] as [String?])
    func withoutACodingNoRequestIsNeeded(coding: String?) {
        #expect(BodyCoding(of: Self.head(coding, 5), known: nil, stored: nil) == .stored)
    }

    /// nginx sends this if `gunzip` is on.
    @Test func aWeakTagWithoutALengthNeedsARequest() {
        let fields = [HTTPHeader("etag", "W/\"e\""), HTTPHeader("transfer-encoding", "chunked")]
        let head = ObjectHead(HTTPResponseHead(status: 200, headers: fields))
        #expect(BodyCoding(of: head, known: nil, stored: nil) == .unknown)
        #expect(BodyCoding(of: head, known: KnownObject(size: 5, etag: nil), stored: nil) == .stored)
        #expect(BodyCoding(of: head, known: nil, stored: Self.head(nil, 5)) == .stored)
        let unpacked = BodyCoding(of: head, known: nil, stored: Self.head("gzip", 5))
        guard case .unusable = unpacked else {
            Issue.record("\(unpacked)")
            return
        }
    }

    @Test func aKnownLengthDecides() {
        let known = KnownObject(size: 5, etag: nil)
        #expect(BodyCoding(of: Self.head("gzip", 5), known: known, stored: nil) == .stored)
        #expect(BodyCoding(of: Self.head("gzip", 4), known: known, stored: nil) == .unknown)
        #expect(BodyCoding(of: Self.head("gzip"), known: known, stored: nil) == .unknown)
        #expect(BodyCoding(of: Self.head("gzip", 4), known: nil, stored: nil) == .unknown)
        #expect(BodyCoding(of: Self.head("gzip", 4), known: nil, stored: nil, isDirect: true) == .stored)
        #expect(BodyCoding(of: Self.head("gzip"), known: nil, stored: nil, isDirect: true) == .unknown)
    }

    @Test func aRangeIsOfTheStoredBytes() {
        let part = Self.head("gzip", 5, status: 206, range: "bytes 0-4/9")
        #expect(BodyCoding(of: part, known: nil, stored: nil) == .stored)
    }

    @Test(
        arguments: [
            ("gzip", "gzip", BodyCoding.stored), ("gzip", nil, .compressed(.gzip)),
            ("zstd", nil, .compressed(.zstd)),
            ("X-GZIP", "gzip", .stored), ("br, gzip", "br", .compressed(.gzip)),
            ("gzip, gzip", "gzip", .compressed(.gzip)),
        ] as [(String, String?, BodyCoding)])
    func theStoredCodingDecides(answer: String, stored: String?, coding: BodyCoding) {
        #expect(BodyCoding(of: Self.head(answer), known: nil, stored: Self.head(stored, 5)) == coding)
    }

    @Test(
        arguments: [("br", nil), ("gzip", "br"), ("gzip, br", "gzip"), ("gzip, gzip", nil)]
            as [(String, String?)])
    func unknownCodingsAreUnusable(answer: String, stored: String?) {
        let coding = BodyCoding(of: Self.head(answer), known: nil, stored: Self.head(stored, 5))
        guard case .unusable(let text) = coding else {
            Issue.record("\(coding)")
            return
        }
        #expect(text.contains(answer))
    }

    @Test(arguments: [
        ("\"a\"", "\"a\"", true), ("W/\"a\"", "\"a\"", true), ("\"a-gzip\"", "\"a\"", true),
        ("a", "\"a\"", true),
        ("\"a\"", "\"b\"", false), ("\"a-gzip\"", "\"b\"", false), ("\"a-3\"", "\"a\"", false),
    ])
    func compressorsChangeTags(one: String, other: String, canBeSame: Bool) {
        #expect(EntityTag.canBeSame([UInt8](one.utf8), [UInt8](other.utf8)) == canBeSame)
    }

    @Test(arguments: [
        ("storage.googleapis.com", "gzip"), ("b.storage.googleapis.com:443", "gzip"),
        ("Storage.GoogleAPIs.com", "gzip"), ("notstorage.googleapis.com", "identity"),
        ("s3.amazonaws.com", "identity"), ("127.0.0.1:9000", "identity"),
    ])
    func onlyGoogleGetsAcceptEncodingGzip(authority: String, coding: String) {
        #expect(HostTraits.of(authority).acceptEncoding == coding)
    }
}
