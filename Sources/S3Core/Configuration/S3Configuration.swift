/// Settings of the command line; nil if an option is not given.
package struct S3Settings: Sendable {
    package var endpoint: String?
    package var profile: String?
    package var region: String?
    /// Nil uses the profile's.
    package var addressing: Addressing?
    /// The first and the largest limit of concurrent requests.
    package var connections = ConnectionGrowth.usual
    package var maxAttempts: Int?
    /// How long a service may be silent, in milliseconds.
    package var timeoutMilliseconds = 60_000
    package var signsRequests = true
    package var requestPayer = false
    /// Nil uses the environment's, or the service's default.
    package var checksum: ChecksumChoice?

    package init() {}
}

/// When a checksum is sent or verified. Source: AWS SDKs and Tools Reference Guide, "Data Integrity
/// Protections for Amazon S3".
package enum ChecksumUse: String, Sendable {
    case whenSupported = "when_supported"
    case whenRequired = "when_required"
}

/// Determines how requests are addressed, signed and sent. The command line takes precedence over the
/// environment, then the profile, then defaults. All settings are checked before any request is sent.
package struct S3Configuration: Sendable {
    package var region: String
    /// The environment's credentials; nil if requests are not signed, or `lookup` has to find credentials.
    package let credentials: Credentials?
    /// Where to find credentials if they are needed and not in the environment.
    package let lookup: CredentialsLookup?
    package let addressing: Addressing
    /// Whether the command line sets `addressing`: then a host name is used even if no certificate may cover
    /// it.
    private let isAddressingChosen: Bool
    /// The first and the largest limit of concurrent requests.
    package let connections: ClosedRange<Int>
    /// How many times a request is made at most, the first one counted.
    package let maxAttempts: Int
    /// How long a service may be silent, in milliseconds.
    package let timeoutMilliseconds: Int
    package let requestPayer: Bool
    /// The checksum algorithm of uploads; nil for none.
    package let uploadChecksum: ObjectChecksum.Algorithm?
    /// Whether the signature includes the body's hash even if TLS and a checksum already protect the body.
    package let signsPayloads: Bool
    /// Whether checksums of downloads are requested and verified.
    package let verifiesChecksums: Bool
    package let certificateBundle: String?
    /// The proxies that the environment sets.
    let proxies: ProxySettings
    /// Removes the secrets that are known before the first request from messages.
    package let redaction: Redaction

    /// Nil for AWS.
    private let customEndpoint: Endpoint?
    private let dualStack: Bool
    private let fips: Bool
    /// Whether requests to us-east-1 go to the host without a region in its name.
    private let isGlobal: Bool

    package static let defaultRegion = "us-east-1"
    package static let defaultMaxAttempts = 10

    /// - Parameter files: read only if they are needed.
    package init(
        _ settings: S3Settings, environment: Environment, files: SharedFiles = SharedFiles()
    ) throws(ConfigurationError) {
        let keys =
            settings.signsRequests && settings.profile == nil
            ? try EnvironmentCredentials(environment).credentials() : nil
        let profiles = try files.profiles(settings.profile, environment, isNeeded: keys == nil)
        let layers = SettingLayers(environment: environment, profiles: profiles)
        let named = try RegionName(
            settings.region ?? layers.value("region", "AWS_REGION", "AWS_DEFAULT_REGION")
                ?? Self.defaultRegion,
            name: settings.region == nil
                ? layers.name("region", "AWS_REGION", "AWS_DEFAULT_REGION") : "--region")
        region = named.name
        isGlobal = named.isGlobal
        addressing = if let style = settings.addressing { style } else { try layers.addressing() }
        isAddressingChosen = settings.addressing != nil
        connections = settings.connections
        maxAttempts =
            if let attempts = settings.maxAttempts {
                attempts
            } else {
                try layers.positiveNumber("max_attempts", "AWS_MAX_ATTEMPTS") ?? Self.defaultMaxAttempts
            }
        timeoutMilliseconds = settings.timeoutMilliseconds
        requestPayer = settings.requestPayer
        customEndpoint =
            if let text = settings.endpoint {
                try Endpoint(text, name: "--endpoint")
            } else {
                try layers.endpoint(service: "s3", variable: "AWS_ENDPOINT_URL_S3")
            }
        if settings.addressing == .virtual, let customEndpoint {
            try Self.checkName(of: customEndpoint, for: "--addressing virtual")
        }
        dualStack = layers.flag("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT", block: "s3")
        fips = layers.fips(named)
        if customEndpoint == nil { try Self.check(dualStack: dualStack, fips: fips, region: region) }
        certificateBundle = layers.value("ca_bundle", "AWS_CA_BUNDLE")
        proxies = ProxySettings(environment)
        var redaction = Redaction()
        for address in proxies.addresses { redaction.add(usersOf: address) }
        if let keys { redaction.add(keys) }
        self.redaction = redaction
        let upload = try layers.checksumUse(
            "request_checksum_calculation", "AWS_REQUEST_CHECKSUM_CALCULATION")
        let download = try layers.checksumUse(
            "response_checksum_validation", "AWS_RESPONSE_CHECKSUM_VALIDATION")
        let isAWS = customEndpoint?.isAWS ?? true
        // Many S3-compatible servers refuse the header, so for services other than AWS the user has to
        // request it.
        let usual: ChecksumChoice =
            (upload.map { $0 == .whenSupported } ?? isAWS) ? (isAWS ? .crc64nvme : .crc32) : .none
        uploadChecksum = (settings.checksum ?? usual).algorithm
        signsPayloads = layers.profiles.value("s3", "payload_signing_enabled")?.lowercased() == "true"
        verifiesChecksums = download != .whenRequired
        credentials = keys
        lookup =
            if settings.signsRequests, keys == nil {
                try CredentialsLookup(layers, files, isNamed: settings.profile != nil, region: named)
            } else {
                nil
            }
    }

    /// - Throws: if the region has no hosts of the requested kind. Falling back to another kind would ignore
    ///   the setting.
    private static func check(
        dualStack: Bool, fips: Bool, region: String
    ) throws(ConfigurationError) {
        let partition = Partition.of(region)
        if dualStack, partition.dualStackSuffix == nil {
            throw .invalid(
                "use_dualstack_endpoint is true, and region '\(region)' has no dual-stack endpoints")
        }
        if fips, !partition.hasFIPS {
            throw .invalid("use_fips_endpoint is true, and region '\(region)' has no FIPS endpoints of S3")
        }
    }

    /// - Throws: if the host of `endpoint` is an IP address. A bucket name cannot be put before it.
    private static func checkName(of endpoint: Endpoint, for what: String) throws(ConfigurationError) {
        guard endpoint.isAddress else { return }
        throw .invalid(
            "\(what) needs an endpoint with a host name, but '\(endpoint.authority)' is an IP address")
    }

    private func accessPoint(_ bucket: String) -> AccessPoint? {
        // The location's initializer has already refused invalid ARNs.
        do { return try AccessPoint(bucket) } catch { return nil }
    }

    /// This configuration for one bucket, whose name may contain its region.
    ///
    /// - Throws: if the bucket is an access point and the endpoint is an IP address, or if the endpoint contains the
    ///   bucket.
    package func specialized(for bucket: String) throws(ConfigurationError) -> S3Configuration {
        var configuration = self
        if let customEndpoint { try Self.check(customEndpoint, contains: bucket) }
        if let point = accessPoint(bucket) {
            if let customEndpoint { try Self.checkName(of: customEndpoint, for: "an access point") }
            configuration.region = point.region
        } else if customEndpoint?.isAWS ?? true, let region = AccessPoint.region(inName: bucket) {
            configuration.region = region
        }
        return configuration
    }

    /// Refuses an endpoint that contains the bucket, as the consoles of some services show it. The tool would add
    /// the bucket a second time, and the first would become a part of each key. Services of unknown hosts may have
    /// such a path.
    private static func check(_ endpoint: Endpoint, contains bucket: String) throws(ConfigurationError) {
        guard endpoint.isAWS || HostTraits.of(endpoint.authority).isKnown,
            endpoint.path.hasSuffix("/" + bucket) || endpoint.authority.hasPrefix(bucket + ".s3")
        else { return }
        throw .invalid(
            "endpoint '\(endpoint.scheme)://\(endpoint.authority)\(endpoint.path)' contains the bucket '\(bucket)', which the tool adds itself: leave it out of the endpoint"
        )
    }

    private var awsEndpoint: Endpoint {
        // The global host serves one region only; any other region has its own host.
        isGlobal && region == RegionName.global && !dualStack && !fips
            ? .awsGlobal(service: "s3") : .aws(region: region, dualStack: dualStack, fips: fips)
    }

    /// The base URL of `bucket` in the current region; a response may still correct the region.
    package func bucketAddress(_ bucket: String) -> Endpoint {
        if let point = accessPoint(bucket) {
            let host = customEndpoint ?? .accessPoints(region: region, dualStack: dualStack, fips: fips)
            return host.address(of: point.label, virtualHosted: true)
        }
        let endpoint = customEndpoint ?? awsEndpoint
        let virtualHosted =
            switch addressing {
            case .path: false
            case .virtual:
                isAddressingChosen
                    || !endpoint.isAddress
                        && (endpoint.scheme == .https
                            ? Endpoint.canBeHostLabel(bucket) : Endpoint.canBeHostLabels(bucket))
            case .auto: customEndpoint == nil && Endpoint.canBeHostLabel(bucket)
            }
        return endpoint.address(of: bucket, virtualHosted: virtualHosted)
    }
}
