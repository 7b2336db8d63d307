package import ByteIO
package import HTTPTransfer
package import S3Core

/// Ends a request early; its completion is told so, before this returns.
package typealias PutCancel = () -> Void

/// What s3-put-lines asks of the service. Completions are called from within `turn`, but for those of what is
/// cancelled.
package protocol PutStore: RunService {
    /// How many requests are sent at once, as things are now; others wait.
    var connections: Int { get }
    /// The most that may ever be.
    var mostConnections: Int { get }

    /// Whether the parts of an upload must be equally large.
    var wantsEqualParts: Bool { get }

    /// Asks whether the bucket exists.
    func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel

    /// Stores an object in one request; gives its ETag.
    func put(_ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Begins a multipart upload; gives its id. Once it was sent it cannot be cancelled, since the id must be
    /// learned.
    func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> PutCancel

    /// Sends a part.
    func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel

    /// Makes the object, of `size` bytes; gives its ETag.
    func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void)

    /// Gives up an upload. `cancelUnsent` does not cancel it, only an answer that is late after `hurry` does.
    func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void)

    /// Cancels what was not sent yet.
    func cancelUnsent()

    /// `S3Client.hurry`.
    func hurry()

    /// Computes in `pool` from now on what takes long.
    func use(_ pool: WorkPool)
}

extension PutStore {
    package func use(_ pool: WorkPool) {}
}

/// The service itself.
package final class S3PutStore: PutStore {
    private let client: S3Client
    private let uploads: Uploads
    private var pool: WorkPool?
    /// Parts whose digests are being computed.
    private var hashed: [HashedPart] = []

    /// From so many bytes on, a part's digests are computed by another thread.
    private static let largePart = 1 << 20

    /// - Parameters:
    ///   - headers: what is stored with each object.
    ///   - existing: what is done where an object exists.
    package init(_ client: S3Client, headers: [HTTPHeader] = [], existing: ExistingObject = .overwrite) {
        self.client = client
        uploads = Uploads(client, headers: headers, existing: existing)
    }

    package var pending: Int { client.pending + uploads.held + hashed.count }
    package var connections: Int { client.connections }
    package var mostConnections: Int { client.mostConnections }
    package var peakConnections: Int { client.peakConnections }
    package var wakeUp: @Sendable () -> Void { client.wakeUp }
    package var notice: ((String) -> Void)? {
        get { client.notice }
        set { client.notice = newValue }
    }
    package func redacted(_ text: String) -> String { client.redacted(text) }
    package var wantsEqualParts: Bool { client.wantsEqualParts }

    package func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel {
        client.findBucket(completion)
    }

    package func put(
        _ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) { uploads.put(key, body, completion: completion) }

    package func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> PutCancel {
        let call = uploads.create(key, completion: completion)
        return { call.cancelUnlessSent() }
    }

    package func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel {
        guard let pool, body.count >= Self.largePart else {
            let call = uploads.upload(key, uploadID: id, number: part, body: body, completion: completion)
            return { call.cancel() }
        }
        let hashed = HashedPart(completion)
        self.hashed.append(hashed)
        let compute = uploads.digests(of: body)
        pool.submit(Work { hashed.digests = compute() }) { [self] in
            guard forget(hashed) else { return }
            hashed.call = uploads.upload(
                key, uploadID: id, number: part, body: body, digests: hashed.digests, completion: completion)
        }
        return { [self] in cancel(hashed) }
    }

    package func use(_ pool: WorkPool) { self.pool = pool }

    private func cancel(_ part: HashedPart) {
        if let call = part.call { return call.cancel() }
        if forget(part) { part.completion(.failure(S3Error(.cancelled, "cancelled"))) }
    }

    /// - Returns: false if it was forgotten before.
    private func forget(_ part: HashedPart) -> Bool {
        guard let place = hashed.firstIndex(where: { $0 === part }) else { return false }
        hashed.remove(at: place)
        return true
    }

    package func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) { uploads.complete(key, uploadID: id, parts: parts, length: size, completion: completion) }

    package func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void) {
        uploads.abort(key, uploadID: id, completion: completion)
    }

    package func cancelUnsent() {
        client.cancelUnsent()
        uploads.cancelHeld()
        for part in hashed { cancel(part) }
    }

    package func hurry() { client.hurry() }

    package func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        client.turn(waitingFor: descriptors, milliseconds: milliseconds)
    }
}

/// A part whose digests are being computed, then its call.
private final class HashedPart {
    let completion: (Result<UploadedPart, S3Error>) -> Void
    var digests: PartDigests?
    var call: S3Call?

    init(_ completion: @escaping (Result<UploadedPart, S3Error>) -> Void) { self.completion = completion }
}

/// What a dry run stores in: everything succeeds and nothing is sent.
package final class DryPutStore: PutStore {
    private static let etag = [UInt8]("-".utf8)

    /// Waits for input and signals; has nothing to send.
    private let client: S3Client
    private var answers: [() -> Void] = []
    private var naming: DryRunNaming

    /// - Parameter namesAll: whether each object is named on standard error, and not only the first one.
    package init(_ client: S3Client, namesAll: Bool = false) {
        self.client = client
        naming = DryRunNaming("stored", bucket: client.bucket, namesAll: namesAll)
    }

    package var pending: Int { answers.count }
    package var connections: Int { client.connections }
    package var mostConnections: Int { client.mostConnections }
    package var wakeUp: @Sendable () -> Void { client.wakeUp }
    package var notice: ((String) -> Void)?
    package var wantsEqualParts: Bool { client.wantsEqualParts }

    package func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel {
        answers.append { completion(.success(())) }
        return {}
    }

    package func put(
        _ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) { store(key, completion) }

    private func store(_ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void) {
        if let text = naming.text(of: key) { notice?(text) }
        answers.append { completion(.success(Self.etag)) }
    }

    package func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> PutCancel {
        answers.append { completion(.success(Self.etag)) }
        return {}
    }

    package func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel {
        answers.append { completion(.success(UploadedPart(number: part, etag: Self.etag))) }
        return {}
    }

    package func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) { store(key, completion) }

    package func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void) {
        answers.append { completion(nil) }
    }

    package func cancelUnsent() {}
    package func hurry() {}

    package func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        let due = answers
        answers.removeAll()
        for answer in due { answer() }
        return client.turn(waitingFor: descriptors, milliseconds: due.isEmpty ? milliseconds : 0)
    }
}
