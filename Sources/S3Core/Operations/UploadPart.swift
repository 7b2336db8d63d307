import ByteIO
import Digest
import HTTPTransfer

/// Uploads one part of an object.
package struct UploadPart: S3Operation {
    package static let name = "UploadPart"

    private let key: [UInt8]
    private let uploadID: [UInt8]
    private let number: Int
    private let body: ByteBlock
    private let digests: PartDigests
    private let bodies: NeedlessBodies
    /// The ETag of a response whose body could not be parsed.
    private var doubtful: [UInt8]?

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - number: from 1 to `MultipartLimits.maxParts`.
    ///   - body: must not change until the call has ended.
    ///   - digests: the digests of `body`.
    ///   - bodies: the response bodies that are known to be harmless.
    init(
        key: [UInt8], uploadID: [UInt8], number: Int, body: ByteBlock, digests: PartDigests,
        bodies: NeedlessBodies
    ) {
        self.bodies = bodies
        self.digests = digests
        self.key = key
        self.uploadID = uploadID
        self.number = number
        self.body = body
    }

    package func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.query = [("partNumber", [UInt8](String(number).utf8)), ("uploadId", uploadID)]
        request.bodyChecksum = digests.checksum?.header
        request.payloadHash = digests.payloadHash
        request.body = body
        return request
    }

    /// If the response has a body that cannot be parsed, the part is sent again. If the same ETag comes twice
    /// with such a body, the service responds so to every part, and the part counts as stored.
    package mutating func output(_ response: S3Response) throws(S3Error) -> UploadedPart {
        guard let etag = response.head.entityTag else {
            throw S3Error(.notS3, "the response to a part has no ETag")
        }
        if !bodies.areHarmless(response.body) {
            guard doubtful == etag else {
                doubtful = etag
                throw S3Error(.damaged, "the response to a part has an unexpected body")
            }
            bodies.learn(response.body)
        }
        return UploadedPart(
            number: number, etag: etag, checksum: digests.checksum, size: body.count, sum: digests.sum)
    }
}
