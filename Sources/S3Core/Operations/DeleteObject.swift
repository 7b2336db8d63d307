import HTTPTransfer

/// Deletes one object. Succeeds if the object does not exist.
package struct DeleteObject: S3Operation {
    package static let name = "DeleteObject"

    private let key: [UInt8]
    private let ifMatch: [UInt8]?

    /// - Parameters:
    ///   - key: the object's whole key.
    ///   - ifMatch: the ETag that it must have; nil deletes any version.
    package init(key: [UInt8], ifMatch: [UInt8]? = nil) {
        self.key = key
        self.ifMatch = ifMatch
    }

    package func request() -> S3Request {
        var request = S3Request(.delete, key: key)
        if let ifMatch { request.headers = [HTTPHeader([UInt8]("if-match".utf8), ifMatch)] }
        return request
    }

    package func output(_ response: S3Response) throws(S3Error) {}
}
