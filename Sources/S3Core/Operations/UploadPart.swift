import ByteIO
import Digest
import HTTPTransfer

/// Sends one part of an object.
package struct UploadPart: S3Operation {
    package static let name = "UploadPart"

    private let key: [UInt8]
    private let uploadID: [UInt8]
    private let number: Int
    private let body: ByteBlock
    private let checksum: BodyChecksum?
    private let bodies: NeedlessBodies
    private let sum: CRC?
    /// The ETag that came with a body that could not be understood.
    private var doubtful: [UInt8]?

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - number: from 1 to `MultipartLimits.maxParts`.
    ///   - body: must not change until the call has ended.
    ///   - checksum: what the service is given to compare.
    ///   - bodies: what is known of the service's answers.
    ///   - sum: what is kept of the bytes, to compare the object with another.
    init(
        key: [UInt8], uploadID: [UInt8], number: Int, body: ByteBlock, checksum: BodyChecksum?,
        bodies: NeedlessBodies, sum: CRC? = nil
    ) {
        self.bodies = bodies
        self.sum = sum
        self.key = key
        self.uploadID = uploadID
        self.number = number
        self.body = body
        self.checksum = checksum
    }

    package func request() -> S3Request {
        var request = S3Request(.put, key: key)
        request.query = [("partNumber", [UInt8](String(number).utf8)), ("uploadId", uploadID)]
        request.bodyChecksum = checksum?.header
        request.body = body
        return request
    }

    /// A body that cannot be understood has the part sent again. If the same ETag comes twice with one, it is
    /// the service's way to answer.
    package mutating func output(_ response: S3Response) throws(S3Error) -> UploadedPart {
        guard let etag = response.head.entityTag else {
            throw S3Error(.notS3, "the response to a part has no ETag")
        }
        if !bodies.areHarmless(response.body) {
            guard doubtful == etag else {
                doubtful = etag
                throw S3Error(.damaged, "the response to a part has a body that is no error of S3")
            }
            bodies.learn(response.body)
        }
        return UploadedPart(number: number, etag: etag, checksum: checksum, size: body.count, sum: sum)
    }
}
