package import ByteIO

/// Uploads of parts and objects; another thread computes the digests of large ones.
extension Uploads {
    /// The minimum size of a large body, in bytes.
    private static let largeBody = 1 << 20

    /// From now on, computes digests of large bodies in `pool`.
    package func use(_ pool: WorkPool) { self.pool = pool }

    /// Uploads a part.
    package func upload(
        _ key: [UInt8], id: [UInt8], part number: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> Cancel {
        let compute = digests(of: body)
        let hashed = hash(body, compute, cancelled: { completion(.failure($0)) }) { [self] digests in
            send(key, id: id, part: number, body, digests, completion)
        }
        if let hashed { return { [self] in cancel(hashed) } }
        let call = send(key, id: id, part: number, body, compute(), completion)
        return { call.cancel() }
    }

    /// Computes the digests of a large body in another thread and sends the body then.
    ///
    /// - Returns: nil if the body is not large; then nothing was done.
    func hash(
        _ body: ByteBlock, _ compute: @escaping () -> PartDigests, cancelled: @escaping (S3Error) -> Void,
        _ send: @escaping (PartDigests) -> S3Call?
    ) -> HashedBody? {
        guard let pool, body.count >= Self.largeBody else { return nil }
        let hashed = HashedBody(cancelled)
        self.hashed.append(hashed)
        pool.submit(Work { hashed.digests = compute() }) { [self] in
            guard forget(hashed), let digests = hashed.digests else { return }
            hashed.call = send(digests)
        }
        return hashed
    }

    func cancel(_ body: HashedBody) {
        if let call = body.call { return call.cancel() }
        guard forget(body) else { return }
        client.later { body.cancelled(S3Error(.cancelled, "cancelled")) }
    }

    /// - Returns: false if it was already removed.
    private func forget(_ body: HashedBody) -> Bool {
        guard let place = hashed.firstIndex(where: { $0 === body }) else { return false }
        hashed.remove(at: place)
        return true
    }
}

/// A body whose digests are being computed, then the call that sends it.
final class HashedBody {
    /// Called with the error if the body is not sent.
    fileprivate let cancelled: (S3Error) -> Void
    fileprivate var digests: PartDigests?
    fileprivate var call: S3Call?

    fileprivate init(_ cancelled: @escaping (S3Error) -> Void) { self.cancelled = cancelled }
}
