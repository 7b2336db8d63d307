package import ByteIO
package import S3Core

/// The store and the event loop of a dry run: every request succeeds and nothing is sent.
package final class DryPutStore: PutStore, RunService {
    private static let etag = [UInt8]("-".utf8)

    private let descriptors: PollWait
    private var completions: [() -> Void] = []
    private var naming: DryRunNaming

    package let partRules: PartRules
    package let connections: Int
    package let mostConnections: Int
    package var notice: ((String) -> Void)?

    /// - Parameters:
    ///   - naming: selects the objects to name on standard error.
    ///   - partRules: the part rules of the service that a real run would use.
    ///   - connections: the initial and the maximum number of concurrent requests.
    package init(
        _ naming: DryRunNaming, partRules: PartRules, connections: ClosedRange<Int>
    ) throws(SystemError) {
        self.naming = naming
        self.partRules = partRules
        self.connections = connections.lowerBound
        mostConnections = connections.upperBound
        descriptors = try PollWait()
    }

    package var pending: Int { completions.count }
    package var wakeUp: @Sendable () -> Void { descriptors.wakeUp }

    package func turn(waitingFor descriptors: [DescriptorWait], milliseconds: Int?) -> [Bool] {
        let due = completions
        completions.removeAll()
        for completion in due { completion() }
        return self.descriptors.wait(for: descriptors, milliseconds: due.isEmpty ? milliseconds : 0)
    }

    package func findBucket(_ completion: @escaping (Result<Void, S3Error>) -> Void) -> PutCancel {
        completions.append { completion(.success(())) }
        return {}
    }

    package func put(
        _ key: [UInt8], _ body: ByteBlock, _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) { store(key, completion) }

    private func store(_ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void) {
        if let text = naming.text(of: key) { notice?(text) }
        completions.append { completion(.success(Self.etag)) }
    }

    package func create(
        _ key: [UInt8], _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) -> PutCancel {
        completions.append { completion(.success(Self.etag)) }
        return {}
    }

    package func upload(
        _ key: [UInt8], id: [UInt8], part: Int, _ body: ByteBlock,
        _ completion: @escaping (Result<UploadedPart, S3Error>) -> Void
    ) -> PutCancel {
        completions.append { completion(.success(UploadedPart(number: part, etag: Self.etag))) }
        return {}
    }

    package func complete(
        _ key: [UInt8], id: [UInt8], parts: [UploadedPart], size: Int,
        _ completion: @escaping (Result<[UInt8], S3Error>) -> Void
    ) { store(key, completion) }

    package func abort(_ key: [UInt8], id: [UInt8], _ completion: @escaping (S3Error?) -> Void) {
        completions.append { completion(nil) }
    }

    package func cancelUnsent() {}
    package func hurry() {}
}
