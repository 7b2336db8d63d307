/// How a URL contains the bucket's name.
package enum Addressing: String, Sendable, CaseIterable {
    /// Path style on a custom endpoint; virtual-hosted style on AWS if the bucket's name allows it.
    case auto
    /// `https://HOST/BUCKET/KEY`
    case path
    /// `https://BUCKET.HOST/KEY`
    case virtual
}

/// The base URL of a service: scheme, host with port, and an optional path prefix.
package struct Endpoint: Equatable, Sendable {
    package enum Scheme: String, Sendable {
        case http, https
        fileprivate var defaultPort: String { self == .http ? "80" : "443" }
    }

    package let scheme: Scheme
    /// The host, and the port unless it is the scheme's default, as in the Host header.
    package let authority: String
    /// Empty, or a path that starts with a slash and does not end with one.
    package let path: String

    package init(scheme: Scheme, authority: String, path: String = "") {
        self.scheme = scheme
        self.authority = authority
        self.path = path
    }

    /// Parses `http[s]://HOST[:PORT][/PATH][/]`. `name` is the name of the setting for messages.
    package init(_ text: String, name: String) throws(ConfigurationError) {
        // Only messages need it.
        var shown: String { Redaction.shown(address: text) }
        // A combining character would hide the delimiter before it, since `Character`s are compared below.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw .invalid(
                "\(name) '\(shown)' is not of the form http[s]://HOST[:PORT][/PATH]: it has non-ASCII characters"
            )
        }
        guard let parts = Self.parts(of: text) else {
            throw .invalid(
                "\(name) '\(shown)' has no scheme; did you mean https://\(shown) or http://\(shown)?")
        }
        guard let scheme = Scheme(rawValue: parts.scheme.lowercased()) else {
            throw .invalid("\(name) '\(shown)': the scheme must be http or https")
        }
        let authority = parts.rest.prefix { $0 != "/" }
        let path = parts.rest.dropFirst(authority.count)
        guard Self.isAuthority(authority), path.utf8.allSatisfy(Self.isPathByte) else {
            throw .invalid("\(name) '\(shown)' is not of the form http[s]://HOST[:PORT][/PATH]")
        }
        let ownPort = ":" + scheme.defaultPort
        let host = authority.hasSuffix(ownPort) ? authority.dropLast(ownPort.count) : authority
        let slashes = path.reversed().prefix { $0 == "/" }.count
        self.init(scheme: scheme, authority: String(host), path: String(path.dropLast(slashes)))
    }

    /// True for a name, an IPv4 address or a bracketed IPv6 address, with an optional port; no user, no
    /// query.
    private static func isAuthority(_ text: Substring) -> Bool {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else { return false }
            host = text[...close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.first == ":" else { return false }
            port = rest.isEmpty ? nil : rest.dropFirst()
            guard host.dropFirst().dropLast().utf8.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ":") })
            else { return false }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, text.first == "[" || host.utf8.allSatisfy(isNameByte) else { return false }
        guard let port else { return true }
        return port.allSatisfy(\.isWholeNumber) && (1...65_535).contains(Int(port) ?? 0)
    }

    /// The text before and after the first `://`. The search is for bytes: a search for characters takes longer than
    /// the rest of a start that reads no file.
    private static func parts(of text: String) -> (scheme: Substring, rest: Substring)? {
        var rest = text.utf8[...]
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[colon...].dropFirst()
            if rest.starts(with: "//".utf8) { return (text[..<colon], Substring(rest.dropFirst(2))) }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || [UInt8(ascii: "/"), UInt8(ascii: "~"), UInt8(ascii: "%")].contains(byte)
    }

    /// AWS's endpoint of S3 in a region. Source: AWS General Reference, Amazon S3 endpoints.
    package static func aws(region: String, dualStack: Bool = false, fips: Bool = false) -> Endpoint {
        let service = (fips ? "s3-fips" : "s3") + (dualStack ? ".dualstack" : "")
        return aws(service: service, region: region)
    }

    /// The base of a region's access point host names. Source: Amazon S3 User Guide, "Access points".
    package static func accessPoints(region: String, dualStack: Bool, fips: Bool) -> Endpoint {
        let service = (fips ? "s3-accesspoint-fips" : "s3-accesspoint") + (dualStack ? ".dualstack" : "")
        return aws(service: service, region: region)
    }

    private static func aws(service: String, region: String) -> Endpoint {
        Endpoint(scheme: .https, authority: "\(service).\(region).\(Partition.of(region).suffix)")
    }

    /// AWS's endpoint of a service, without a region in the host name.
    static func awsGlobal(service: String) -> Endpoint {
        Endpoint(scheme: .https, authority: "\(service).\(Partition.of(RegionName.global).suffix)")
    }

    /// AWS's endpoint of a credentials service, `sts` or `portal.sso`, in a region.
    ///
    /// Source: botocore, `endpoint-rule-set-1.json` of STS and SSO.
    /// - Throws: if a dual-stack endpoint is requested and the region has none.
    package static func aws(
        credentialsOf service: String, region: String, dualStack: Bool, fips: Bool
    ) throws(ConfigurationError) -> Endpoint {
        // In GovCloud, the ordinary hosts are FIPS-validated.
        let isNamed = fips && (dualStack || !region.hasPrefix("us-gov-"))
        let host = "\(service)\(isNamed ? "-fips" : "").\(region)."
        guard dualStack else {
            return Endpoint(scheme: .https, authority: host + Partition.of(region).suffix)
        }
        guard let suffix = Partition.of(region).dualStackSuffix else {
            throw .invalid(
                "use_dualstack_endpoint is true, and region '\(region)' has no dual-stack endpoints")
        }
        return Endpoint(scheme: .https, authority: host + suffix)
    }

    /// True for the hosts of Amazon's service.
    package var isAWS: Bool {
        let host = authority.lowercased()
        return Partition.suffixes.contains { host.hasSuffix("." + $0) }
    }

    /// True if the host is an IP address. A bucket name cannot be put before it.
    ///
    /// The last label of a host name contains a letter. Source: RFC 1123, 2.1.
    package var isAddress: Bool {
        if authority.utf8.first == UInt8(ascii: "[") { return true }
        let host = authority.prefix { $0 != ":" }
        return host.split(separator: ".").last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? false
    }

    /// The bucket's base URL; the encoded key is appended to it.
    package func address(of bucket: String, virtualHosted: Bool) -> Endpoint {
        virtualHosted
            ? Endpoint(scheme: scheme, authority: bucket + "." + authority, path: path)
            : Endpoint(scheme: scheme, authority: authority, path: path + "/" + bucket)
    }

    /// True if `bucket` can be one label of a host name that a wildcard certificate covers: lower case, no
    /// dots. Source: Amazon S3 User Guide, Bucket naming rules.
    package static func canBeHostLabel(_ bucket: String) -> Bool {
        (3...63).contains(bucket.utf8.count) && isLabel(bucket[...])
    }

    /// The same for hosts without a certificate: dots are allowed.
    static func canBeHostLabels(_ bucket: String) -> Bool {
        let labels = bucket.split(separator: ".", omittingEmptySubsequences: false)
        // No bucket's name has the form of an IPv4 address.
        let isAddress = labels.count == 4 && labels.allSatisfy { $0.utf8.count <= 3 && Int($0) != nil }
        return (3...63).contains(bucket.utf8.count) && !isAddress && labels.allSatisfy(isLabel)
    }

    private static func isLabel(_ text: Substring) -> Bool {
        !text.isEmpty && !text.hasPrefix("-") && !text.hasSuffix("-")
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
            }
    }

    /// True if `region` may be part of a host name: letters, digits and `-`.
    package static func isRegionName(_ region: String) -> Bool {
        (1...63).contains(region.utf8.count)
            && region.utf8.allSatisfy {
                ($0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "_")) && isNameByte($0)
            }
    }
}
