package import ByteIO
import CCrypto

/// The toolkit's hash functions, computed by libcrypto.
package enum DigestAlgorithm: Sendable {
    case md5, sha1, sha256

    fileprivate var implementation: OpaquePointer? {
        switch self {
        case .md5: unsafe EVP_md5()
        case .sha1: unsafe EVP_sha1()
        case .sha256: unsafe EVP_sha256()
        }
    }
}

/// libcrypto, as `OpenSSL/VERSION`. Source: OpenSSL_version(3).
package var cryptoLibrary: String {
    "OpenSSL/\(OPENSSL_version_major()).\(OPENSSL_version_minor()).\(OPENSSL_version_patch())"
}

/// Computes hashes; one value is reused for many consecutive messages.
///
/// Source: OpenSSL's EVP_DigestInit(3). A machine that forbids an algorithm (FIPS and MD5) ends the process.
@safe package struct MessageDigest: ~Copyable {
    private let context: OpaquePointer
    /// True after the hash was taken: the next bytes start a message. The start is deferred because it costs as much
    /// as a short message.
    private var isFinished = false

    package init(_ algorithm: DigestAlgorithm) {
        guard let context = unsafe EVP_MD_CTX_new() else { endForLackOfMemory() }
        unsafe self.context = unsafe context
        let started = unsafe EVP_DigestInit_ex(context, algorithm.implementation, nil)
        precondition(started == 1, "libcrypto does not offer \(algorithm)")
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: RawSpan) {
        startIfFinished()
        Self.check(
            unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) })
    }

    /// Adds the content of a buffer.
    package mutating func update(_ buffer: borrowing ByteBuffer) { update(buffer.bytes) }

    /// Continues from the state of `other`, which has the same algorithm.
    package mutating func resume(_ other: borrowing MessageDigest) {
        isFinished = false
        Self.check(unsafe EVP_MD_CTX_copy_ex(context, other.context))
    }

    /// The hash of the message, 16, 20 or 32 bytes; the bytes added next are another message.
    package mutating func finish() -> [UInt8] {
        var hash = Hash(repeating: 0)
        let size = finish(into: &hash)
        return unsafe hash.span.bytes.extracting(first: size).array
    }

    /// The same in hexadecimal, appended to `text`.
    package mutating func finish(hexadecimalInto text: inout ByteBuffer) {
        var hash = Hash(repeating: 0)
        let size = finish(into: &hash)
        Hexadecimal.append(unsafe hash.span.bytes.extracting(first: size), to: &text)
    }

    /// Adds the hash of the message of `other`, which ends as by `finish`.
    mutating func update(hashOf other: inout MessageDigest) {
        var hash = Hash(repeating: 0)
        let size = other.finish(into: &hash)
        update(unsafe hash.span.bytes.extracting(first: size))
    }

    /// As large as libcrypto's largest hash, EVP_MAX_MD_SIZE.
    private typealias Hash = InlineArray<64, UInt8>

    /// - Returns: the hash's size.
    private mutating func finish(into hash: inout Hash) -> Int {
        startIfFinished()
        isFinished = true
        var size: UInt32 = 0
        var bytes = hash.mutableSpan
        unsafe bytes.withUnsafeMutableBufferPointer {
            Self.check(unsafe EVP_DigestFinal_ex(context, $0.baseAddress, &size))
        }
        return Int(size)
    }

    private mutating func startIfFinished() {
        guard isFinished else { return }
        isFinished = false
        // Without a name the algorithm stays the same and is not looked up again.
        Self.check(unsafe EVP_DigestInit_ex(context, nil, nil))
    }

    /// If the computation failed, the buffer must not be used as a hash.
    private static func check(_ code: CInt) { precondition(code == 1, "libcrypto computes no hash") }

    /// The hash of `bytes`.
    package static func hash(_ bytes: RawSpan, _ algorithm: DigestAlgorithm) -> [UInt8] {
        var digest = MessageDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}
