/// Settings from the environment, then from the profile. The caller gives options of the command line
/// precedence over both.
///
/// Source: botocore's `configprovider`.
struct SettingLayers {
    let environment: Environment
    let profiles: Profiles

    func value(_ setting: String, _ variables: String...) -> String? {
        for name in variables {
            if let value = environment.value(name) { return value }
        }
        return profiles.value(setting)
    }

    /// True for `true` in any case.
    ///
    /// - Parameter block: a nested block of the profile that may also set it to true.
    func flag(_ setting: String, _ variable: String, block: String? = nil) -> Bool {
        // In a block only `true` counts, as in botocore.
        let nested = block.flatMap { profiles.value($0, setting) }
        return [nested, value(setting, variable)].contains { $0?.lowercased() == "true" }
    }

    func positiveNumber(_ setting: String, _ variable: String) throws(ConfigurationError) -> Int? {
        guard let text = value(setting, variable) else { return nil }
        guard let number = Int(text), number > 0 else {
            throw .invalid(
                "\(name(setting, variable)): expected a whole number of at least 1, found '\(text)'")
        }
        return number
    }

    func checksumUse(_ setting: String, _ variable: String) throws(ConfigurationError) -> ChecksumUse? {
        guard let text = value(setting, variable) else { return nil }
        guard let use = ChecksumUse(rawValue: text.lowercased()) else {
            throw .invalid(
                "\(name(setting, variable)): expected when_supported or when_required, found '\(text)'")
        }
        return use
    }

    func addressing() throws(ConfigurationError) -> Addressing {
        guard let text = profiles.value("s3", "addressing_style") else { return .auto }
        guard let addressing = Addressing(rawValue: text) else {
            throw .invalid(
                "addressing_style of profile '\(profiles.name)': expected auto, path or virtual, found '\(text)'"
            )
        }
        return addressing
    }

    /// The configured endpoint of a service; nil for AWS's endpoint.
    ///
    /// - Parameters:
    ///   - service: the service's name in a `services` section.
    ///   - variable: the environment variable of its endpoint.
    func endpoint(service: String, variable: String) throws(ConfigurationError) -> Endpoint? {
        guard !flag("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") else {
            return nil
        }
        for name in [variable, "AWS_ENDPOINT_URL"] {
            if let text = environment.value(name) { return try Endpoint(text, name: name) }
        }
        if let text = try profiles.serviceEndpoint(service) {
            let section = profiles.value("services") ?? ""
            return try Endpoint(text, name: "endpoint_url of \(service) in [services \(section)]")
        }
        return try profiles.value("endpoint_url").map { (text) throws(ConfigurationError) in
            try Endpoint(text, name: "endpoint_url of profile '\(profiles.name)'")
        }
    }

    /// The configured endpoint of a credentials service, or AWS's endpoint.
    ///
    /// - Parameter host: the first label of AWS's host name.
    func endpoint(
        of host: String, region: RegionName, service: String, variable: String
    ) throws(ConfigurationError) -> Endpoint {
        if let endpoint = try endpoint(service: service, variable: variable) { return endpoint }
        let dualStack = flag("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT")
        let fips = fips(region)
        if region.isGlobal, !dualStack, !fips, service == "sts" { return .awsGlobal(service: host) }
        return try Endpoint.aws(
            credentialsOf: host, region: region.name, dualStack: dualStack, fips: fips)
    }

    /// Whether the settings or the region's name request FIPS endpoints.
    func fips(_ region: RegionName) -> Bool {
        region.isFIPS || flag("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT")
    }

    /// The name of a setting's source for messages: the variable that is set, or the profile.
    func name(_ setting: String, _ variables: String...) -> String {
        variables.first { environment.value($0) != nil } ?? "\(setting) of profile '\(profiles.name)'"
    }
}
