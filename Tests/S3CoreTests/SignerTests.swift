import ByteIO
import HTTPTransfer
import S3Core
import Testing

/// AWS's own examples: Amazon S3 API Reference, "Examples: Signature Calculations".
@Suite struct SignerTests {
    private static let credentials = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    private static let host = HTTPHeader("host", "examplebucket.s3.amazonaws.com")
    private static let time = "20130524T000000Z"

    @Test func getsARange() {
        #expect(
            signature(
                .get, path: "/test.txt", query: "",
                headers: [Self.host, HTTPHeader("range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func putsAnObject() {
        var path: [UInt8] = []
        PercentEncoding.append([UInt8]("/test$file.text".utf8), keepingSlash: true, to: &path)
        #expect(
            signature(
                .put, path: String(decoding: path, as: UTF8.self), query: "",
                headers: [
                    HTTPHeader("date", "Fri, 24 May 2013 00:00:00 GMT"), Self.host,
                    HTTPHeader("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ], body: "Welcome to Amazon S3.")
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func getsTheLifecycle() {
        #expect(
            signature(.get, path: "/", query: "lifecycle=", headers: [Self.host])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func listsObjects() {
        #expect(
            signature(.get, path: "/", query: "max-keys=2&prefix=J", headers: [Self.host])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func runsOfSpacesInAValueCountAsOne() {
        let spaced = [Self.host, HTTPHeader("x-amz-meta-a", "  one   two\t three ")]
        let plain = [Self.host, HTTPHeader("x-amz-meta-a", "one two three")]
        #expect(
            signature(.get, path: "/", query: "", headers: spaced)
                == signature(.get, path: "/", query: "", headers: plain))
    }

    private func signature(
        _ method: HTTPMethod, path: String, query: String, headers: [HTTPHeader], body: String = ""
    ) -> String? {
        var signer = Signer(Self.credentials, region: "us-east-1")
        let bytes = [UInt8](body.utf8)
        let hash = signer.payloadHash(bytes.bytes)
        let all = headers + [HTTPHeader("x-amz-date", Self.time)]
        let signed = (all + [HTTPHeader([UInt8]("x-amz-content-sha256".utf8), hash)])
            .sorted { $0.precedes($1) }
        let path = [UInt8](path.utf8)
        let authorization = signer.authorization(
            method: method, path: path.bytes, query: [UInt8](query.utf8), headers: signed,
            payloadHash: hash, time: [UInt8](Self.time.utf8))
        let text = String(decoding: authorization.value, as: UTF8.self)
        return text.split(separator: "Signature=").last.map(String.init)
    }
}
