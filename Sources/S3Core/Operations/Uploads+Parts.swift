package import ByteIO

/// Parts and objects, whose digests another thread computes if they are large.
extension Uploads {
    /// From so many bytes on.
    private static let largeBody = 1 << 20

    /// Computes in `pool` from now on what takes long.
    package func use(_ pool: WorkPool) { self.pool = pool }

    /// Sends a part.
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

    /// Lets another thread compute the digests of a large body, and sends it then.
    ///
    /// - Returns: nil if the body is not large, and nothing was done.
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

    /// - Returns: false if it was forgotten before.
    private func forget(_ body: HashedBody) -> Bool {
        guard let place = hashed.firstIndex(where: { $0 === body }) else { return false }
        hashed.remove(at: place)
        return true
    }
}

/// A body whose digests are being computed, then the call that sends it.
final class HashedBody {
    /// Told why it is not sent.
    fileprivate let cancelled: (S3Error) -> Void
    fileprivate var digests: PartDigests?
    fileprivate var call: S3Call?

    fileprivate init(_ cancelled: @escaping (S3Error) -> Void) { self.cancelled = cancelled }
}
