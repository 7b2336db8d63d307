/// The access key of a profile, in one of the two shared files.
package struct FileCredentials: CredentialsSource {
    package enum File: Sendable { case credentialsFile, configFile }

    private let file: File
    private var section: ConfigFile.Section?
    private let profile: String
    let path: String

    package init(_ profiles: Profiles, _ file: File, _ files: SharedFiles, profile: String? = nil) {
        self.profile = profile ?? profiles.name
        self.file = file
        switch file {
        case .credentialsFile:
            section = profiles.credentials[self.profile]
            path = files.credentialsPath
        case .configFile:
            section = profiles.configured[self.profile]
            path = files.configPath
        }
    }

    package var place: String { "profile '\(profile)' of \(path)" }

    /// The reason why there are none.
    var absence: String { section == nil ? "the profile does not exist" : "no aws_access_key_id" }

    /// - Throws: if only one half of a key is set, or a value is not valid in a header.
    package func credentials() throws(ConfigurationError) -> Credentials? {
        guard let identifier = section?["aws_access_key_id"]?.text else { return nil }
        guard !identifier.isEmpty else {
            throw .missingCredentials("\(place) has an empty aws_access_key_id")
        }
        guard let secret = section?["aws_secret_access_key"]?.text, !secret.isEmpty else {
            throw .missingCredentials("\(place) has aws_access_key_id without aws_secret_access_key")
        }
        // botocore's order.
        let tokenName = section?["aws_security_token"] == nil ? "aws_session_token" : "aws_security_token"
        let token = section?[tokenName]?.text
        for (name, value) in [
            ("aws_access_key_id", identifier), ("aws_secret_access_key", secret), (tokenName, token ?? ""),
        ] { try Credentials.check(value, name: "\(place): \(name)") }
        return Credentials(
            accessKeyID: identifier, secretAccessKey: secret,
            sessionToken: token.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// The same profile in the file's new content; nil if that is malformed.
    fileprivate func updated(_ bytes: [UInt8]) -> FileCredentials? {
        var updated = self
        do {
            let content = try ConfigFile(bytes)
            updated.section =
                switch file {
                case .credentialsFile: content.sections[profile]
                case .configFile:
                    try Profiles(content, credentials: ConfigFile(), name: nil).configured[profile]
                }
        } catch { return nil }
        return updated
    }
}

/// The access key of a file that is read again for each fetch, because another program may replace the key.
struct RereadCredentials: CredentialsMachine {
    private let source: FileCredentials
    /// What the file contained at the start.
    private let known: KnownCredentials

    init(_ source: FileCredentials) {
        self.source = source
        known = KnownCredentials(source, reason: "\(source.place): \(source.absence)")
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        guard case .found = known.outcome else { return .end(known.outcome) }
        guard case .file(let bytes) = event else { return .read(source.path) }
        let updated = bytes.flatMap(source.updated).map { KnownCredentials($0, reason: "") }
        // Without a valid key the file may be incomplete, and the next source may be another identity.
        guard let updated, case .found = updated.outcome else { return .end(known.outcome) }
        return .end(updated.outcome)
    }
}
