package import ByteIO
package import HTTPTransfer

/// Stores one object in one request.
package struct PutObject: S3Operation {
    package static let name = "PutObject"

    let key: [UInt8]
    let body: ByteBlock
    private let headers: [HTTPHeader]
    private let conditions: [HTTPHeader]
    private let digests: PartDigests
    private let bodies: NeedlessBodies

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - body: must not change until the call has ended.
    ///   - headers: metadata to store with the object.
    ///   - conditions: conditional headers; they fail once this request has stored the object.
    ///   - checksum: the checksum that the service verifies and stores.
    package init(
        key: [UInt8], body: ByteBlock, headers: [HTTPHeader] = [], conditions: [HTTPHeader] = [],
        checksum: BodyChecksum? = nil
    ) {
        self.init(
            key: key, body: body, headers: headers, conditions: conditions, digests: PartDigests(checksum),
            bodies: NeedlessBodies())
    }

    /// - Parameters:
    ///   - digests: the digests of `body`.
    ///   - bodies: the response bodies that are known to be harmless.
    init(
        key: [UInt8], body: ByteBlock, headers: [HTTPHeader], conditions: [HTTPHeader],
        digests: PartDigests, bodies: NeedlessBodies
    ) {
        self.bodies = bodies
        self.key = key
        self.body = body
        self.headers = headers
        self.conditions = conditions
        self.digests = digests
    }

    package func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.headers = headers + conditions
        request.isIdempotent = conditions.isEmpty
        request.bodyChecksum = digests.checksum?.header
        request.payloadHash = digests.payloadHash
        request.body = body
        return request
    }

    /// The object's ETag as received, including quotes; opaque.
    ///
    /// - Throws: `S3Error.isUnclear` if the response does not confirm that the object is stored.
    package func output(_ response: S3Response) throws(S3Error) -> [UInt8] {
        guard let etag = response.head.entityTag else {
            throw .unclear("the response to a PUT has no ETag")
        }
        guard bodies.areHarmless(response.body) else {
            var error = S3Error.unclear("the response to a PUT has an unexpected body")
            error.body = response.body
            throw error
        }
        return etag
    }
}
