extension CredentialsLookup {
    /// The sources that the files and the environment configure, in botocore's order.
    ///
    /// - Parameters:
    ///   - isNamed: whether the command line names the profile, which then precedes the environment.
    ///   - region: the region of STS.
    /// - Throws: if the settings of the instance metadata service are invalid. An error in the settings of any other
    ///   source counts only if no source before it has credentials.
    init(
        _ layers: SettingLayers, _ files: SharedFiles, isNamed: Bool, region: RegionName
    ) throws(ConfigurationError) {
        let sources = CredentialsSources(layers: layers, files: files, region: region)
        let profile = layers.profiles.name
        var machines: [any CredentialsMachine] = []
        if !isNamed { machines.append(sources.environment) }
        machines.appendIfPresent { () throws(ConfigurationError) in
            try sources.role(profile, visited: [profile])
        }
        machines += sources.profile(profile, usesEnvironment: !isNamed)
        machines.appendIfPresent { () throws(ConfigurationError) in
            try ContainerCredentials(layers.environment)
        }
        machines.append(try InstanceCredentials(layers))
        self.init(machines)
    }
}

extension [any CredentialsMachine] {
    /// Appends a source if it is configured. One with invalid settings fails when the lookup comes to it, as in
    /// botocore.
    fileprivate mutating func appendIfPresent(
        _ source: () throws(ConfigurationError) -> (any CredentialsMachine)?
    ) {
        do { if let source = try source() { append(source) } } catch {
            append(KnownCredentials(failure: error))
        }
    }
}

/// Creates the sources that profiles configure. Source: botocore's `credentials`, the providers and their
/// order.
private struct CredentialsSources {
    let layers: SettingLayers
    let files: SharedFiles
    let region: RegionName

    /// STS. Created only if it is used, so that errors in its settings do not affect other sources.
    private func service() throws(ConfigurationError) -> TokenService {
        try TokenService(layers, region: region)
    }

    private func section(_ name: String) -> ConfigFile.Section { layers.profiles.profiles[name] ?? [:] }
    private func text(_ name: String, _ profile: String) -> String? { section(profile)[name]?.text }

    var environment: any CredentialsMachine {
        let source = EnvironmentCredentials(layers.environment)
        return KnownCredentials(source, reason: "\(source.place): not set")
    }

    /// The sources of a profile, except a role assumed with another profile's credentials.
    func profile(_ name: String, usesEnvironment: Bool) -> [any CredentialsMachine] {
        var machines: [any CredentialsMachine] = []
        machines.appendIfPresent { () throws(ConfigurationError) in
            try webIdentity(name, usesEnvironment: usesEnvironment)
        }
        machines.appendIfPresent { () throws(ConfigurationError) in
            try SingleSignOn(section(name), profile: name, layers)
        }
        machines.append(keys(.credentialsFile, name))
        if let session = text("login_session", name), !session.isEmpty {
            machines.append(
                CommandCredentials(
                    exportOf: name, place: "aws login of profile '\(name)'", login: "aws login"))
        }
        if let process = text("credential_process", name) {
            machines.appendIfPresent { () throws(ConfigurationError) in
                try CommandCredentials(process: process, profile: name)
            }
        }
        machines.append(keys(.configFile, name))
        return machines
    }

    private func keys(_ file: FileCredentials.File, _ name: String) -> any CredentialsMachine {
        RereadCredentials(FileCredentials(layers.profiles, file, files, profile: name))
    }

    private func webIdentity(
        _ name: String, usesEnvironment: Bool
    ) throws(ConfigurationError) -> (any CredentialsMachine)? {
        func value(_ variable: String, _ setting: String) -> String? {
            (usesEnvironment ? layers.environment.value(variable) : nil) ?? text(setting, name)
        }
        guard let file = value("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file"), !file.isEmpty else {
            return nil
        }
        guard let role = value("AWS_ROLE_ARN", "role_arn"), !role.isEmpty else {
            throw .invalid(
                "a web identity token file is configured without a role; set AWS_ROLE_ARN, or role_arn in the profile"
            )
        }
        let session = value("AWS_ROLE_SESSION_NAME", "role_session_name") ?? TokenService.sessionName
        return WebIdentity(
            try service(), [("RoleArn", role), ("RoleSessionName", session)],
            tokenFile: layers.environment.expandedPath(file), place: "web identity for \(role)")
    }

    private func isRole(_ name: String) -> Bool {
        section(name)["role_arn"] != nil && section(name)["web_identity_token_file"] == nil
    }

    private func hasKeys(_ name: String) -> Bool {
        section(name)["aws_access_key_id"] != nil || section(name)["aws_secret_access_key"] != nil
    }

    /// - Parameter visited: the profiles earlier in the chain, to detect cycles.
    func role(_ name: String, visited: [String]) throws(ConfigurationError) -> (any CredentialsMachine)? {
        guard isRole(name), let role = text("role_arn", name) else { return nil }
        let place = "role \(role) of profile '\(name)'"
        if let serial = text("mfa_serial", name) {
            throw .invalid(
                "\(place) needs a code from \(serial), and this tool cannot ask for one; run: "
                    + "eval \"$(aws configure export-credentials --profile \(ShellWords.quoted(name)) --format env)\""
                    + ", which asks for the code; then run this tool without --profile")
        }
        var parameters = [
            ("RoleArn", role),
            ("RoleSessionName", text("role_session_name", name) ?? TokenService.sessionName),
        ]
        if let id = text("external_id", name) { parameters.append(("ExternalId", id)) }
        if let seconds = text("duration_seconds", name).flatMap({ Int($0) }) {
            parameters.append(("DurationSeconds", String(seconds)))
        }
        return AssumedRole(
            try service(), parameters, place: place,
            source: try source(of: name, place: place, visited: visited))
    }

    private func source(
        of name: String, place: String, visited: [String]
    ) throws(ConfigurationError) -> any CredentialsMachine {
        switch (text("source_profile", name), text("credential_source", name)) {
        case (.some, .some):
            throw .invalid("\(place) has both source_profile and credential_source; remove one of them")
        case (nil, nil):
            throw .invalid("\(place) has neither source_profile nor credential_source; set one of them")
        case (nil, let source?): return try named(source, place: place)
        case (let source?, nil):
            guard layers.profiles.profiles[source] != nil else {
                throw .invalid("\(place): source_profile '\(source)' does not exist")
            }
            if visited.contains(source), source != name || !hasKeys(source) {
                throw .invalid("\(place): source_profile '\(source)' leads back to itself")
            }
            if isRole(source), !hasKeys(source), let role = try role(source, visited: visited + [source]) {
                return role
            }
            return CredentialsLookup(sourcesOfProfile: profile(source, usesEnvironment: false))
        }
    }

    private func named(_ source: String, place: String) throws(ConfigurationError) -> any CredentialsMachine {
        switch source {
        case "Environment": return environment
        case "Ec2InstanceMetadata": return try InstanceCredentials(layers)
        case "EcsContainer":
            guard let container = try ContainerCredentials(layers.environment) else {
                throw .missingCredentials(
                    "\(place): neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                        + "AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
            }
            return container
        default:
            throw .invalid(
                "\(place): expected Environment, Ec2InstanceMetadata or EcsContainer as credential_source, "
                    + "found '\(source)'")
        }
    }
}
