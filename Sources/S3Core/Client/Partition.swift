/// A part of AWS whose regions have hosts of their own. Source: botocore, `partitions.json`.
struct Partition: Equatable, Sendable {
    private let regionPrefix: String
    /// What the hosts of its regions end in.
    let suffix: String
    /// The same of hosts that have IPv6, too, but for S3's; nil if there are none.
    let dualStackSuffix: String?
    /// Whether S3 has hosts there whose cryptography is validated by FIPS 140.
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
