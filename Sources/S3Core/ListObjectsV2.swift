import HTTPTransfer

/// One page of the keys under a prefix, in the service's order.
package struct ListObjectsV2: S3Operation {
    package static let name = "ListObjectsV2"

    /// One object of the list.
    package struct Object: Equatable, Sendable {
        /// The whole key, decoded.
        package let key: [UInt8]
        /// In bytes.
        package let size: Int
        /// As it came, quotes included; empty if the service gives none.
        package let etag: [UInt8]
        /// As it came, RFC 3339.
        package let lastModified: [UInt8]

        package init(key: [UInt8], size: Int, etag: [UInt8] = [], lastModified: [UInt8] = []) {
            self.key = key
            self.size = size
            self.etag = etag
            self.lastModified = lastModified
        }
    }

    /// What a page says.
    package struct Page: Equatable, Sendable {
        package let objects: [Object]
        /// What to ask for next; nil on the last page.
        package let continuationToken: [UInt8]?
    }

    private let prefix: [UInt8]
    private let startAfter: [UInt8]?
    private let continuationToken: [UInt8]?

    /// - Parameters:
    ///   - startAfter: a whole key; the list begins behind it. Only for the first page.
    ///   - continuationToken: what the page before gave.
    package init(prefix: [UInt8], startAfter: [UInt8]? = nil, continuationToken: [UInt8]? = nil) {
        self.prefix = prefix
        self.startAfter = startAfter
        self.continuationToken = continuationToken
    }

    package func request() -> S3Request {
        var request = S3Request(.get)
        request.query = [("list-type", [UInt8]("2".utf8)), ("encoding-type", [UInt8]("url".utf8))]
        if !prefix.isEmpty { request.query.append(("prefix", prefix)) }
        if let continuationToken {
            request.query.append(("continuation-token", continuationToken))
        } else if let startAfter {
            request.query.append(("start-after", startAfter))
        }
        return request
    }

    /// - Throws: `notS3` for anything but a whole list: a wrong root, an object without its key or size, a
    ///   list that does not say whether it goes on, or how, or says what was asked already.
    package func output(_ response: S3Response) throws(S3Error) -> Page {
        guard let root = XMLElement(parsing: response.body), root.name == "ListBucketResult" else {
            throw S3Error(.notS3, "the answer is no list of objects")
        }
        let isEncoded = root.text("EncodingType") == "url"
        var objects: [Object] = []
        for entry in root.all("Contents") {
            // A request for an empty key would address the bucket.
            guard let key = entry.value("Key"), !key.isEmpty,
                let size = entry.text("Size").flatMap({ Int($0) }), size >= 0
            else { throw S3Error(.notS3, "the list has an object without key or size") }
            let etag = entry.value("ETag") ?? []
            let lastModified = entry.value("LastModified") ?? []
            guard etag.isEmpty || EntityTag.isValid(etag), lastModified.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw S3Error(.notS3, "the list has an object whose ETag or time cannot be one") }
            objects.append(
                Object(
                    key: isEncoded ? PercentEncoding.decodeForm(key) : key, size: size, etag: etag,
                    lastModified: lastModified))
        }
        guard let isTruncated = root.text("IsTruncated").flatMap({ Bool($0.lowercased()) }) else {
            throw S3Error(.notS3, "the list does not say whether it goes on")
        }
        guard isTruncated else { return Page(objects: objects, continuationToken: nil) }
        guard let token = root.value("NextContinuationToken"), !token.isEmpty else {
            throw S3Error(.notS3, "the list is truncated and does not say how to go on")
        }
        guard token != continuationToken else {
            throw S3Error(.notS3, "the list goes round in circles")
        }
        return Page(objects: objects, continuationToken: token)
    }
}
