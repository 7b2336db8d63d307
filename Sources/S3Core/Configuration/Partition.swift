/// A group of AWS regions with their own DNS suffix. Source: botocore, `partitions.json`.
struct Partition: Equatable, Sendable {
    private let regionPrefix: String
    /// The DNS suffix of its regions' hosts.
    let suffix: String
    /// The DNS suffix of dual-stack hosts (IPv4 and IPv6) of services other than S3; nil if there are none.
    let dualStackSuffix: String?
    /// Whether S3 has FIPS 140-validated hosts there.
    var hasFIPS = true

    private static let common = Partition(
        regionPrefix: "", suffix: "amazonaws.com", dualStackSuffix: "api.aws")
    private static let others = [
        Partition(
            regionPrefix: "cn-", suffix: "amazonaws.com.cn",
            dualStackSuffix: "api.amazonwebservices.com.cn", hasFIPS: false),
        Partition(
            regionPrefix: "eusc-", suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu"),
        Partition(regionPrefix: "us-iso-", suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov"),
        Partition(regionPrefix: "us-isob-", suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud"),
        Partition(regionPrefix: "eu-isoe-", suffix: "cloud.adc-e.uk", dualStackSuffix: nil),
        Partition(regionPrefix: "us-isof-", suffix: "csp.hci.ic.gov", dualStackSuffix: nil),
        Partition(regionPrefix: "eu-isof-", suffix: "csp.hci.ic.gov", dualStackSuffix: nil),
    ]

    static func of(_ region: String) -> Partition {
        others.first { region.hasPrefix($0.regionPrefix) } ?? common
    }

    static let suffixes = [common.suffix] + others.map(\.suffix)
}
