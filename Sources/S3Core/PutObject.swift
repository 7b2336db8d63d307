package import ByteIO
package import HTTPTransfer

/// Stores one object in one request.
package struct PutObject: S3Operation {
    package static let name = "PutObject"

    /// What the service says of a stored object.
    package struct Output: Equatable, Sendable {
        /// As it came, quotes included; opaque.
        package let etag: [UInt8]
    }

    private let key: [UInt8]
    private let body: ByteBlock
    private let headers: [HTTPHeader]

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - body: must not change until the call has ended.
    ///   - headers: what is stored with it, and conditions.
    package init(key: [UInt8], body: ByteBlock, headers: [HTTPHeader] = []) {
        self.key = key
        self.body = body
        self.headers = headers
    }

    package func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.headers = headers
        request.body = body
        return request
    }

    package func output(_ response: S3Response) throws(S3Error) -> Output {
        guard let etag = response.head.value("etag") else {
            throw S3Error(.notS3, "the answer to a PUT has no ETag")
        }
        return Output(etag: etag)
    }
}
