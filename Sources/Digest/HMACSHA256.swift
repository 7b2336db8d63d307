package import ByteIO

/// HMAC-SHA256 under one key: the key's two blocks are hashed once and every message starts from there.
///
/// Source: RFC 2104.
package struct HMACSHA256: ~Copyable {
    private static let blockSize = 64

    private var inner = MessageDigest(.sha256)
    private var outer = MessageDigest(.sha256)
    private var first = MessageDigest(.sha256)
    private var last = MessageDigest(.sha256)

    package init(key: RawSpan) {
        var block = key.byteCount > Self.blockSize ? MessageDigest.hash(key, .sha256) : key.array
        block += [UInt8](repeating: 0, count: Self.blockSize - block.count)
        let innerPad = block.map { $0 ^ 0x36 }
        inner.update(innerPad.bytes)
        let outerPad = block.map { $0 ^ 0x5C }
        outer.update(outerPad.bytes)
    }

    /// The authentication code of `message`, 32 bytes.
    package mutating func code(_ message: RawSpan) -> [UInt8] {
        add(message)
        return last.finish()
    }

    /// The same in hexadecimal, appended to `text`.
    package mutating func code(_ message: borrowing ByteBuffer, hexadecimalInto text: inout ByteBuffer) {
        add(message.bytes)
        last.finish(hexadecimalInto: &text)
    }

    private mutating func add(_ message: RawSpan) {
        first.resume(inner)
        first.update(message)
        last.resume(outer)
        last.update(hashOf: &first)
    }
}
