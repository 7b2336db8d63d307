/// What the command line says about the service; nil where it says nothing.
package struct S3Settings: Sendable {
    package var endpoint: String?
    package var region: String?
    package var addressing = Addressing.auto
    package var maxConnections = 64
    package var maxAttempts: Int?
    package var signsRequests = true
    package var requestPayer = false

    package init() {}
}

/// When a checksum is sent or verified. Source: AWS SDKs and Tools Reference Guide, "Data Integrity
/// Protections for Amazon S3".
package enum ChecksumUse: String, Sendable {
    case whenSupported = "when_supported"
    case whenRequired = "when_required"
}

/// All that decides how requests are addressed, signed and sent: settings of the command line first, then
/// the environment, then defaults. Checked as a whole before anything is sent.
package struct S3Configuration: Sendable {
    package var region: String
    /// Nil signs nothing.
    package let credentials: Credentials?
    package let addressing: Addressing
    package let maxConnections: Int
    /// How many times a request is made at most, the first one counted.
    package let maxAttempts: Int
    package let requestPayer: Bool
    /// Whether `x-amz-checksum-crc32` is sent with uploads.
    package let sendsChecksums: Bool
    /// Whether checksums of downloads are asked for and verified.
    package let verifiesChecksums: Bool
    package let certificateBundle: String?
    /// Whether one of the variables is set that name a proxy. Source: libcurl-env(3).
    package let mayHaveProxy: Bool

    /// Nil is AWS.
    private let customEndpoint: Endpoint?
    private let dualStack: Bool
    private let fips: Bool

    package static let defaultRegion = "us-east-1"
    package static let defaultMaxAttempts = 10

    package init(_ settings: S3Settings, environment: Environment) throws(ConfigurationError) {
        region =
            settings.region ?? environment.value("AWS_REGION", "AWS_DEFAULT_REGION") ?? Self.defaultRegion
        guard Endpoint.isRegionName(region) else { throw .invalid("'\(region)' is not the name of a region") }
        addressing = settings.addressing
        maxConnections = settings.maxConnections
        maxAttempts = try Self.maxAttempts(settings, environment)
        requestPayer = settings.requestPayer
        customEndpoint = try Self.endpoint(settings, environment)
        dualStack = environment.flag("AWS_USE_DUALSTACK_ENDPOINT")
        fips = environment.flag("AWS_USE_FIPS_ENDPOINT")
        certificateBundle = environment.value("AWS_CA_BUNDLE")
        let proxy = environment.value("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        mayHaveProxy = proxy != nil
        let upload = try Self.checksumUse("AWS_REQUEST_CHECKSUM_CALCULATION", environment)
        let download = try Self.checksumUse("AWS_RESPONSE_CHECKSUM_VALIDATION", environment)
        // Many drop-in servers refuse the header, so elsewhere than on AWS somebody has to ask for it.
        sendsChecksums = upload.map { $0 == .whenSupported } ?? (customEndpoint?.isAWS ?? true)
        verifiesChecksums = download != .whenRequired
        credentials =
            settings.signsRequests
            ? try CredentialsChain([EnvironmentCredentials(environment)]).credentials() : nil
    }

    /// Where `bucket` is, as things are now; the region may still turn out to be another.
    package func bucketAddress(_ bucket: String) -> Endpoint {
        let endpoint = customEndpoint ?? .aws(region: region, dualStack: dualStack, fips: fips)
        let virtualHosted =
            switch addressing {
            case .path: false
            case .virtual: true
            case .auto: customEndpoint == nil && Endpoint.canBeHostLabel(bucket)
            }
        return endpoint.address(of: bucket, virtualHosted: virtualHosted)
    }

    private static func endpoint(
        _ settings: S3Settings, _ environment: Environment
    ) throws(ConfigurationError) -> Endpoint? {
        if let text = settings.endpoint { return try Endpoint(text, name: "--endpoint") }
        guard !environment.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") else { return nil }
        for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
            if let text = environment.value(name) { return try Endpoint(text, name: name) }
        }
        return nil
    }

    private static func maxAttempts(
        _ settings: S3Settings, _ environment: Environment
    ) throws(ConfigurationError) -> Int {
        if let attempts = settings.maxAttempts { return attempts }
        guard let text = environment.value("AWS_MAX_ATTEMPTS") else { return defaultMaxAttempts }
        guard let attempts = Int(text), attempts > 0 else {
            throw .invalid("AWS_MAX_ATTEMPTS '\(text)' is not a number of at least 1")
        }
        return attempts
    }

    private static func checksumUse(
        _ name: String, _ environment: Environment
    ) throws(ConfigurationError) -> ChecksumUse? {
        guard let text = environment.value(name) else { return nil }
        guard let use = ChecksumUse(rawValue: text.lowercased()) else {
            throw .invalid("\(name) '\(text)' is neither when_supported nor when_required")
        }
        return use
    }
}
