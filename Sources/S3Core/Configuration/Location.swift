package import ByteIO

/// A bucket and a prefix that keys are relative to: `s3://BUCKET[/PREFIX]`. The bucket may be the ARN of an
/// access point.
package struct Location: Equatable, Sendable, CustomStringConvertible {
    package let bucket: String
    /// The prefix of every object's key; empty for the whole bucket.
    package let prefix: [UInt8]

    package init(bucket: String, prefix: [UInt8] = []) {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// Parses `s3://BUCKET[/PREFIX]`; both are taken literally.
    ///
    /// - Throws: a message that says what is wrong.
    package init(_ text: String) throws(ConfigurationError) {
        // Bytes are compared, not characters: a prefix may start with a mark that combines with the slash
        // before it.
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

    /// A suggestion of what the user may have meant, or an empty string.
    private static func hint(_ text: String) -> String {
        let lower = text.lowercased()
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") {
            return "; give the URL of a service with --endpoint"
        }
        if lower.hasPrefix("arn:") { return "; did you mean s3://\(text)?" }
        var rest = text[...]
        if lower.hasPrefix("s3:") { rest = rest.dropFirst(3) }
        while rest.first == "/" { rest.removeFirst() }
        return isBucketName(String(rest.prefix { $0 != "/" })) ? "; did you mean s3://\(rest)?" : ""
    }

    /// True if the prefix does not end with a slash, so that the user may have meant it as an object's key.
    package var hasOpenPrefix: Bool { !prefix.isEmpty && prefix.last != Self.slash }

    private static let scheme = [UInt8]("s3://".utf8)
    private static let slash = UInt8(ascii: "/")

    /// Splits an access point's ARN from the prefix after it. The access point's name is the first or the
    /// second component between slashes.
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

    /// True for S3's directory buckets, which list in no defined order. Source: Amazon S3 User Guide,
    /// Directory bucket names.
    package var isDirectoryBucket: Bool { bucket.hasSuffix("--x-s3") }

    /// The object's key: the prefix and `key`, concatenated.
    package func objectKey(_ key: [UInt8]) throws(ObjectKey.Problem) -> [UInt8] {
        let whole = prefix.isEmpty ? key : prefix + key
        if let problem = ObjectKey.problem(of: whole.bytes) { throw problem }
        return whole
    }

    /// The key relative to this location; nil if the object is not under the prefix.
    package func relativeKey(_ objectKey: [UInt8]) -> [UInt8]? {
        if prefix.isEmpty { return objectKey }
        guard objectKey.starts(with: prefix) else { return nil }
        return Array(objectKey.dropFirst(prefix.count))
    }

    package var description: String {
        "s3://" + bucket + (prefix.isEmpty ? "" : "/" + String(decoding: prefix, as: UTF8.self))
    }
}
