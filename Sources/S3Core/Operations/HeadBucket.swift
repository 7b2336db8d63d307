import HTTPTransfer

/// Asks whether the bucket exists.
package struct HeadBucket: S3Operation {
    package static let name = "HeadBucket"

    package init() {}

    package func request() -> S3Request { S3Request(.head) }

    package func output(_ response: S3Response) throws(S3Error) {}
}

extension S3Client {
    /// Asks whether the bucket exists.
    ///
    /// The answer to HEAD has no body, so that any web server's 404 looks like S3's: where no field tells, a list of
    /// one key does.
    ///
    /// - Returns: what ends the search early.
    package func findBucket(
        _ completion: @escaping (Result<Void, S3Error>) -> Void
    ) -> () -> Void {
        var call: S3Call?
        call = perform(HeadBucket()) { [self] result in
            // It would hold itself otherwise: a call keeps its completion.
            call = nil
            guard case .failure(let error) = result, error.kind == .noSuchBucket, error.isAnonymous else {
                return completion(result)
            }
            call = perform(ListObjectsV2(prefix: [], maximumKeys: 1)) { list in
                call = nil
                switch list {
                case .success: completion(.success(()))
                case .failure(let other): completion(.failure(other.kind == .notS3 ? other : error))
                }
            }
        }
        return { call?.cancel() }
    }
}
