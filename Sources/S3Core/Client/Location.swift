import ByteIO

/// A place in S3 that keys are relative to: `s3://BUCKET[/PREFIX]`, where an access point's ARN may stand for the
/// bucket.
package struct Location: Equatable, Sendable, CustomStringConvertible {
    package let bucket: String
    /// What every object's key starts with; empty for the bucket itself.
    package let prefix: [UInt8]

    /// S3's limit: "The name for a key is a sequence of Unicode characters whose UTF-8 encoding is at most
    /// 1,024 bytes long." (Amazon S3 User Guide, Naming Amazon S3 objects)
    package static let maximumKeyLength = 1024

    package init(bucket: String, prefix: [UInt8] = []) {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// Reads `s3://BUCKET[/PREFIX]`, both taken literally.
    ///
    /// - Throws: what is wrong with it, in words.
    package init(_ text: String) throws(ConfigurationError) {
        // Bytes, not characters: a prefix may begin with a mark that combines with the slash before it.
        let bytes = [UInt8](text.utf8)
        guard bytes.starts(with: Self.scheme) else {
            throw .invalid("'\(text)' is not a location: expected s3://BUCKET[/PREFIX]\(Self.hint(text))")
        }
        let rest = bytes.dropFirst(Self.scheme.count)
        if let (arn, prefix) = try Self.accessPoint(rest) {
            self.init(bucket: arn, prefix: prefix)
            return
        }
        let name = rest.prefix { $0 != Self.slash }
        let bucket = String(decoding: name, as: UTF8.self)
        guard !bucket.isEmpty else {
            throw .invalid(
                "'\(text)' is not a location: expected s3://BUCKET[/PREFIX], and BUCKET is missing")
        }
        guard Self.isBucketName(bucket) else {
            throw .invalid(
                "'\(bucket)' is not the name of a bucket: expected up to 255 letters, digits, '.', '-' and '_'"
            )
        }
        try AccessPoint.refuse(bucket: bucket)
        self.init(bucket: bucket, prefix: Array(rest.dropFirst(name.count + 1)))
    }

    /// What may have been meant.
    private static func hint(_ text: String) -> String {
        let lower = text.lowercased()
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") {
            return "; a service's URL belongs to --endpoint"
        }
        var rest = text[...]
        if lower.hasPrefix("s3:") { rest = rest.dropFirst(3) }
        while rest.first == "/" { rest.removeFirst() }
        return isBucketName(String(rest.prefix { $0 != "/" })) ? "; did you mean s3://\(rest)?" : ""
    }

    /// True if the prefix does not end a folder, so that it may have been meant as the key of an object.
    package var hasOpenPrefix: Bool { !prefix.isEmpty && prefix.last != Self.slash }

    private static let scheme = [UInt8]("s3://".utf8)
    private static let slash = UInt8(ascii: "/")

    /// An access point's ARN, whose name is the first or the second part between slashes, and the prefix after it.
    private static func accessPoint(
        _ text: ArraySlice<UInt8>
    ) throws(ConfigurationError) -> (arn: String, prefix: [UInt8])? {
        guard text.starts(with: "arn:".utf8) else { return nil }
        let head = text.prefix { $0 != slash }
        var end = head.endIndex
        if head.suffix(kind.count).elementsEqual(kind), end < text.endIndex {
            end = text[(end + 1)...].firstIndex(of: slash) ?? text.endIndex
        }
        let arn = String(decoding: text[..<end], as: UTF8.self)
        _ = try AccessPoint(arn)
        return (arn, Array(text[end...].dropFirst()))
    }

    private static let kind = [UInt8](":accesspoint".utf8)

    private static func isBucketName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255 && name != "." && name != ".."
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
            }
    }

    /// True for S3's directory buckets, which list in no order. Source: Amazon S3 User Guide, Directory bucket names.
    package var isDirectoryBucket: Bool { bucket.hasSuffix("--x-s3") }

    /// Why a key cannot be an object's.
    package enum KeyProblem: Error, Equatable, Sendable, CustomStringConvertible {
        case empty
        case notUTF8
        case tooLong(bytes: Int)

        package var description: String {
            switch self {
            case .empty: "the object's key is empty"
            case .notUTF8: "the object's key is not UTF-8"
            case .tooLong(let bytes): "the object's key has \(bytes) bytes, more than \(maximumKeyLength)"
            }
        }

        /// The same of a key that is to be named, of which a message has only so much.
        package func description(of key: [UInt8]) -> String {
            let shown = Diagnostics.printable(key.prefix(Self.longestShown))
            return "'\(shown)\(key.count > Self.longestShown ? "..." : "")': \(self)"
        }
        private static let longestShown = 80
    }

    /// The object's key: prefix and `key`, joined as they are.
    package func objectKey(_ key: [UInt8]) throws(KeyProblem) -> [UInt8] {
        let whole = prefix.isEmpty ? key : prefix + key
        if let problem = Self.problem(ofObjectKey: whole) { throw problem }
        return whole
    }

    /// Why a whole key cannot be an object's; nil if it can.
    package static func problem(ofObjectKey whole: [UInt8]) -> KeyProblem? {
        if whole.isEmpty { return .empty }
        if whole.count > maximumKeyLength { return .tooLong(bytes: whole.count) }
        let isUTF8 = whole.allSatisfy { $0 < 0x80 } || String(validating: whole, as: UTF8.self) != nil
        return isUTF8 ? nil : .notUTF8
    }

    /// The key relative to this location, or nil if the object lies elsewhere.
    package func relativeKey(_ objectKey: [UInt8]) -> [UInt8]? {
        if prefix.isEmpty { return objectKey }
        guard objectKey.starts(with: prefix) else { return nil }
        return Array(objectKey.dropFirst(prefix.count))
    }

    package var description: String {
        "s3://" + bucket + (prefix.isEmpty ? "" : "/" + String(decoding: prefix, as: UTF8.self))
    }
}
