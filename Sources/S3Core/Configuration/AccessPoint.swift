/// The ARN of an access point, used in place of a bucket's name:
/// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`.
///
/// Source: Amazon S3 User Guide, "Access points"; Service Authorization Reference, resource types of S3.
package struct AccessPoint: Equatable, Sendable {
    package let region: String
    /// The first label of its host name: name and account.
    package let label: String

    /// Nil if `bucket` is not an ARN.
    ///
    /// - Throws: if the ARN names another kind of resource; the message says which.
    package init?(_ bucket: String) throws(ConfigurationError) {
        guard bucket.hasPrefix("arn:") else { return nil }
        let parts = bucket.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(
            String.init)
        let resource = (parts.last ?? "").split { $0 == "/" || $0 == ":" }.map(String.init)
        if parts.count == 6 { try Self.refuse(service: parts[2], region: parts[3], resource.first ?? "") }
        guard parts.count == 6, parts[2] == "s3", resource.count == 2, resource[0] == "accesspoint",
            Endpoint.isRegionName(parts[3]), parts[4].utf8.count == 12, parts[4].allSatisfy(\.isASCII),
            parts[4].allSatisfy(\.isNumber), Endpoint.canBeHostLabel(resource[1]),
            resource[1].utf8.count <= Self.longestName
        else {
            throw .invalid("expected arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME, found '\(bucket)'")
        }
        region = parts[3]
        label = resource[1] + "-" + parts[4]
    }

    private static let longestName = 50

    private static func refuse(service: String, region: String, _ resource: String) throws(ConfigurationError)
    {
        switch service {
        case "s3" where resource == "accesspoint" && region.isEmpty:
            throw .invalid(
                "multi-region access points are not supported; use an access point of one region, or a bucket"
            )
        case "s3-outposts": throw .invalid("S3 on Outposts is not supported; use a bucket in a region")
        case "s3-object-lambda":
            throw .invalid(
                "object lambda access points are not supported; use the supporting access point")
        case "s3tables": throw .invalid("table buckets hold no objects; use a general purpose bucket")
        case "s3express":
            throw .invalid("directory buckets are not supported; use a general purpose bucket")
        default: break
        }
    }

    /// Refuses buckets of an unsupported kind, which S3 marks with a suffix of the name. Source: Amazon S3
    /// User Guide, "Bucket naming rules".
    static func refuse(bucket: String) throws(ConfigurationError) {
        for (end, reason) in [
            ("--x-s3", "directory buckets are not supported; use a general purpose bucket"),
            (
                "--xa-s3",
                "access points of directory buckets are not supported; use an access point of a general purpose bucket"
            ),
            (
                ".mrap",
                "multi-region access points are not supported; use an access point of one region, or a bucket"
            ),
            ("--op-s3", "S3 on Outposts is not supported; use a bucket in a region"),
            (
                "--ol-s3",
                "object lambda access points are not supported; use the supporting access point"
            ),
            ("--table-s3", "table buckets hold no objects; use a general purpose bucket"),
        ] where bucket.hasSuffix(end) { throw .invalid("'\(bucket)': \(reason)") }
    }

    /// The region in the name of a bucket in an account's regional namespace: `NAME-ACCOUNT-REGION-an`.
    static func region(inName bucket: String) -> String? {
        let words = bucket.split(separator: "-", omittingEmptySubsequences: false)
        guard words.last == "an",
            let account = words.lastIndex(where: { $0.utf8.count == 12 && $0.allSatisfy(\.isNumber) }),
            account > 0
        else { return nil }
        let region = words[(account + 1)...].dropLast()
        guard region.count >= 3, let last = region.last, Int(last) != nil else { return nil }
        return region.joined(separator: "-")
    }
}
