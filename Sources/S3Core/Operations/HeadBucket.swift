import HTTPTransfer

/// Checks whether the bucket exists.
package struct HeadBucket: S3Operation {
    package static let name = "HeadBucket"

    package init() {}

    package func request() -> S3Request { S3Request(.head) }

    package func output(_ response: S3Response) throws(S3Error) {}
}

extension S3Client {
    /// Checks whether the bucket exists.
    ///
    /// A response to HEAD has no body, so S3's 404 looks like any web server's. If no header identifies S3, a
    /// listing of one key decides.
    ///
    /// - Returns: a closure that cancels the check.
    package func findBucket(
        _ completion: @escaping (Result<Void, S3Error>) -> Void
    ) -> () -> Void {
        var call: S3Call?
        call = perform(HeadBucket()) { [self] result in
            // Breaks a reference cycle: a call retains its completion.
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
