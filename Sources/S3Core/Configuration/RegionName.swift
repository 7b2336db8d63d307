/// A configured region. Besides a region's name it may be a pseudo-region: `fips-us-east-1` and `us-east-1-fips`
/// request FIPS endpoints of us-east-1, `aws-global` requests the endpoint without a region in its host name.
///
/// Source: botocore, `_normalize_fips_region` and the endpoint rules of S3 and STS.
package struct RegionName: Equatable, Sendable {
    /// The region that is signed for and that host names contain.
    package let name: String
    /// Whether FIPS endpoints are requested.
    package let isFIPS: Bool
    /// Whether the host without a region in its name is requested.
    package let isGlobal: Bool

    /// The region that `aws-global` stands for.
    static let global = "us-east-1"
    private static let globalWord = "aws-global"
    private static let marks = [[UInt8]("fips-".utf8), [UInt8]("-fips".utf8)]

    /// - Parameter setting: the setting's name for the message.
    /// - Throws: if `text` is not the name of a region.
    package init(_ text: String, name setting: String = "region") throws(ConfigurationError) {
        // Few names contain this letter.
        let plain = text.utf8.contains(UInt8(ascii: "f")) ? Self.withoutMarks(text) : text
        isFIPS = plain.utf8.count < text.utf8.count
        isGlobal = plain == Self.globalWord
        name = isGlobal ? Self.global : plain
        guard Endpoint.isRegionName(name) else {
            throw .invalid("\(setting): expected letters, digits and '-', as in eu-west-1, found '\(text)'")
        }
    }

    private static func withoutMarks(_ text: String) -> String {
        var bytes = [UInt8](text.utf8)
        for mark in marks { bytes = removing(mark, from: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func removing(_ mark: [UInt8], from bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let start = RedactionReading.first(mark, in: rest) {
            result += rest[..<start]
            rest = rest[(start + mark.count)...]
        }
        return result + rest
    }
}
