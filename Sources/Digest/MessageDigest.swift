import CCrypto

/// The hash functions the toolkit uses, by libcrypto.
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

/// A hash being computed; one value is used for many messages, one after the other.
///
/// Source: OpenSSL's EVP_DigestInit(3). A machine that forbids an algorithm (FIPS and MD5) ends the process.
@safe package struct MessageDigest: ~Copyable {
    private let context: OpaquePointer
    private let algorithm: DigestAlgorithm

    package init(_ algorithm: DigestAlgorithm) {
        guard let context = unsafe EVP_MD_CTX_new() else { fatalError("out of memory") }
        unsafe self.context = unsafe context
        self.algorithm = algorithm
        reset()
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Starts the next message.
    package mutating func reset() {
        let started = unsafe EVP_DigestInit_ex(context, algorithm.implementation, nil)
        precondition(started == 1, "libcrypto does not offer \(algorithm)")
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: RawSpan) {
        _ = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    /// Goes on from where `other`, of the same algorithm, stands.
    package mutating func resume(_ other: borrowing MessageDigest) {
        _ = unsafe EVP_MD_CTX_copy_ex(context, other.context)
    }

    /// The hash of all that was added since the last `reset`, 16, 20 or 32 bytes; then `reset`.
    package mutating func finish() -> [UInt8] {
        let hash = unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var size: UInt32 = 0
            _ = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, &size)
            count = Int(size)
        }
        reset()
        return hash
    }

    /// The hash of `bytes` alone.
    package static func hash(_ bytes: RawSpan, _ algorithm: DigestAlgorithm) -> [UInt8] {
        var digest = MessageDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}
