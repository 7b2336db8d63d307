import ByteIO
import Digest
import HTTPTransfer

/// Deletes up to 1,000 objects in one request; each has its own outcome.
///
/// Source: Amazon S3 API Reference, DeleteObjects.
package struct DeleteObjects: S3Operation {
    package static let name = "DeleteObjects"
    /// "The request can contain a list of up to 1,000 keys that you want to delete."
    package static let maximumKeys = 1000

    /// An object to delete.
    package struct Object: Equatable, Sendable {
        /// The whole key; must be `isCarriable`.
        package let key: [UInt8]
        /// The ETag that it must have; nil deletes any version.
        package let etag: [UInt8]?

        package init(key: [UInt8], etag: [UInt8]? = nil) {
            self.key = key
            self.etag = etag
        }
    }

    /// The outcome of each object. A key in neither collection is missing in the response.
    package struct Outcome: Sendable {
        package let deleted: Set<[UInt8]>
        package let failed: [[UInt8]: S3Error]

        package init(deleted: Set<[UInt8]>, failed: [[UInt8]: S3Error]) {
            self.deleted = deleted
            self.failed = failed
        }
    }

    private let keys: [[UInt8]]
    private let body: ByteBlock
    private let checksum: [UInt8]

    /// - Parameter objects: at most `maximumKeys`, with distinct keys.
    package init(_ objects: [Object]) {
        keys = objects.map(\.key)
        let text = Self.document(objects)
        body = ByteBlock(text.bytes)
        checksum = Base64.encode(MessageDigest.hash(text.bytes, .md5))
    }

    /// True if XML 1.0 can represent the key unchanged. It cannot represent most control characters, and
    /// parsers may change carriage returns and newlines. Source: XML 1.0, 2.2 and 2.11.
    package static func isCarriable(_ key: [UInt8]) -> Bool {
        guard key.allSatisfy({ $0 >= 0x20 }) else { return false }
        // U+FFFE and U+FFFF.
        let forbidden: [UInt8] = [0xEF, 0xBF]
        var place = 0
        while let found = key[place...].firstIndex(of: forbidden[0]) {
            if found + 2 < key.count, key[found + 1] == forbidden[1], key[found + 2] >= 0xBE { return false }
            place = found + 1
        }
        return true
    }

    package func request() -> S3Request {
        var request = S3Request(.post)
        request.query = [("delete", [])]
        // Older services require it even if there is another checksum.
        request.headers = [HTTPHeader([UInt8]("content-md5".utf8), checksum)]
        request.body = body
        // Deleting twice has the effect of deleting once.
        request.isIdempotent = true
        return request
    }

    /// - Throws: `notS3` if the response mentions no object.
    package func output(_ response: S3Response) throws(S3Error) -> Outcome {
        guard let root = XMLElement(parsing: response.body) else {
            var error = S3Error(.damaged, "the response is truncated")
            error.mayHaveBeenApplied = true
            throw error
        }
        var deleted: Set<[UInt8]> = []
        var failed: [[UInt8]: S3Error] = [:]
        var count = 0
        var isNameless = false
        for element in root.children {
            switch (element.name, element.value("Key")) {
            case ("Deleted", let key?): deleted.insert(key)
            case ("Deleted", nil): isNameless = true
            case ("Error", let key?): failed[key] = ErrorDocument.error(element, operation: Self.name)
            default: continue
            }
            count += 1
        }
        // JuiceFS's gateway reports deleted objects without their keys. If the number of outcomes is that of
        // the keys, the objects that did not fail were deleted.
        if isNameless, count == keys.count { deleted = Set(keys) }
        guard root.name == "DeleteResult" || !deleted.isEmpty || !failed.isEmpty else {
            throw S3Error(.notS3, "the response does not say which keys were deleted")
        }
        // An error takes precedence if the response also lists the key as deleted.
        return Outcome(deleted: deleted.subtracting(failed.keys), failed: failed)
    }

    private static func document(_ objects: [Object]) -> [UInt8] {
        XMLText.document("Delete") { text in
            for object in objects {
                text.element("Object") {
                    $0.element("Key", object.key)
                    if let etag = object.etag { $0.element("ETag", etag) }
                }
            }
        }
    }
}
