package import ByteIO

/// Parts, whose digests another thread computes if they are large.
extension Uploads {
    /// From so many bytes on.
    private static let largePart = 1 << 20

    /// Computes in `pool` from now on what takes long.
    package func use(_ pool: WorkPool) { self.pool = pool }

    /// Sends a part.
    package func upload(
        _ key: [UInt8], id: [UInt8], part number: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> Cancel {
        let compute = digests(of: body)
        guard let pool, body.count >= Self.largePart else {
            let call = send(key, id: id, part: number, body, compute(), completion)
            return { call.cancel() }
        }
        let part = HashedPart(completion)
        hashed.append(part)
        pool.submit(Work { part.digests = compute() }) { [self] in
            guard forget(part), let digests = part.digests else { return }
            part.call = send(key, id: id, part: number, body, digests, completion)
        }
        return { [self] in cancel(part) }
    }

    func cancel(_ part: HashedPart) {
        if let call = part.call { return call.cancel() }
        guard forget(part) else { return }
        client.later { part.completion(.failure(S3Error(.cancelled, "cancelled"))) }
    }

    /// - Returns: false if it was forgotten before.
    private func forget(_ part: HashedPart) -> Bool {
        guard let place = hashed.firstIndex(where: { $0 === part }) else { return false }
        hashed.remove(at: place)
        return true
    }
}

/// A part whose digests are being computed, then its call.
final class HashedPart {
    fileprivate let completion: (Result<UploadedPart, S3Error>) -> Void
    fileprivate var digests: PartDigests?
    fileprivate var call: S3Call?

    fileprivate init(_ completion: @escaping (Result<UploadedPart, S3Error>) -> Void) {
        self.completion = completion
    }
}
