import Digest
import S3Core
import Testing

@Suite struct RedactionTests {
    private static let secret = "wJalr/XUtnFEMI+K7MDENG"
    private static let renewed = "another/secret+of=the==same"

    private var redaction: Redaction {
        var redaction = Redaction()
        redaction.add(Credentials(accessKeyID: "AK", secretAccessKey: Self.secret, sessionToken: "token/1"))
        redaction.add(Credentials(accessKeyID: "AK", secretAccessKey: Self.renewed, sessionToken: "token/2"))
        return redaction
    }

    private static func base64(_ text: String) -> String {
        String(decoding: Base64.encode([UInt8](text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        secret, "wJalr%2FXUtnFEMI%2BK7MDENG", "wJalr%2fXUtnFEMI%2bK7MDENG", "wJalr%252FXUtnFEMI%252BK7MDENG",
        "wJalr&#47;XUtnFEMI&#x2B;K7MDENG", "wJalr\\/XUtnFEMI\\u002bK7MDENG",
        "%77Jalr&#x2f;XUtnFEMI\\x2BK7MDENG",
        renewed, "token/1", "token%2f2",
    ])
    func hidesRepeatedSecrets(text: String) {
        #expect(redaction.redacted("you said '\(text)', no") == "you said '[redacted]', no")
        #expect(redaction.redacted(text + text) == "[redacted][redacted]")
        #expect(redaction.redacted("ünd " + text) == "ünd [redacted]")
    }

    @Test(arguments: ["", "1", "12", "123", "{\"key\":\""])
    func hidesSecretsInBase64(before: String) {
        for after in ["", "?", "??"] {
            let text = Self.base64(before + Self.secret + after)
            let digits = text.filter { $0 != "=" }
            #expect(!redaction.redacted("a \(text) b").contains(digits))
            #expect(redaction.redacted("a \(Self.base64(text)).") == "a [redacted].")
        }
    }

    @Test func leavesWordsThatContainAVeryShortSecret() {
        var redaction = Redaction()
        redaction.add(Credentials(accessKeyID: "AK", secretAccessKey: "s", sessionToken: "abc"))
        redaction.add(usersOf: "http://u:p@host")
        #expect(redaction.redacted("this is an abc of u:x words") == "this is an abc of u:x words")
        redaction.add(Credentials(accessKeyID: "AK", secretAccessKey: "hush"))
        #expect(redaction.redacted("a hushed word") == "a [redacted]ed word")
    }

    @Test func hidesSignatures() {
        #expect(redaction.redacted("Signature=0123abcdEF, x") == "Signature=[redacted], x")
        #expect(redaction.redacted("X-Amz-Signature%3D0123abcd&a") == "X-Amz-Signature%3D[redacted]&a")
    }

    @Test(arguments: [
        "", "a b", "%", "%zz", "&;", "&#;", "\\", "\\u", "\\u00", "c2VjcmV0LXRoYXQtaXMtbm9uZQ==", "%E4",
    ])
    func leavesOtherTextUnchanged(text: String) {
        #expect(redaction.redacted(text) == text)
        #expect(Redaction().redacted(text) == text)
    }

    @Test(arguments: [
        "http://user:pass@host", "user:pass@host:1", "socks5h://user:pass@host/", "user:pass@word@host",
    ])
    func hidesUsersOfProxies(address: String) {
        var redaction = Redaction()
        redaction.add(usersOf: address)
        #expect(!redaction.redacted("'\(address)' is no proxy").contains("pass"))
        #expect(redaction.redacted("nothing of that") == "nothing of that")
    }

    @Test(arguments: [
        "user:secret@host:9000", "http://user:secret@host", "u:://secret@host", "ftp://:secret@h/x",
        "a b:secret@c@d", "http//u:secret@h", "https:/u:secret@h", "http://h/?x=secret@h",
    ])
    func anEndpointsMessageHasNoPassword(text: String) {
        do {
            _ = try Endpoint(text, name: "--endpoint")
            Issue.record("it was taken")
        } catch {
            #expect(!error.description.contains("secret"))
            #expect(error.description.contains("[redacted]@"))
        }
    }
}
