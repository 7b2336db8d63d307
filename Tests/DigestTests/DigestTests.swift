import ByteIO
import Digest
import Testing

@Suite struct DigestTests {
    @Test func hashesKnownMessages() {
        let message = [UInt8]("abc".utf8)
        #expect(text(MessageDigest.hash(message.bytes, .md5)) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(text(MessageDigest.hash(message.bytes, .sha1)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            text(MessageDigest.hash(message.bytes, .sha256))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func aDigestCanBeReusedAfterItsHash() {
        var digest = MessageDigest(.md5)
        digest.update([UInt8]("junk".utf8).bytes)
        _ = digest.finish()
        digest.update([UInt8]("abc".utf8).bytes)
        #expect(text(digest.finish()) == "900150983cd24fb0d6963f7d28e17f72")
    }

    /// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            [UInt8]("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func authenticates(key: [UInt8], message: String, code: String) {
        var hmac = HMACSHA256(key: key.bytes)
        #expect(text(hmac.code([UInt8](message.utf8).bytes)) == code)
        #expect(text(hmac.code([UInt8](message.utf8).bytes)) == code)
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "foobar": "Zm9vYmFy",
    ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode([UInt8](plain.utf8)) == [UInt8](encoded.utf8))
        #expect(Base64.decode([UInt8](encoded.utf8)) == [UInt8](plain.utf8))
    }

    private func text(_ hash: [UInt8]) -> String { String(decoding: Hexadecimal.encode(hash), as: UTF8.self) }
}
