/// The access key of a profile, in one of the two shared files.
package struct FileCredentials: CredentialsSource {
    package enum File: Sendable { case credentialsFile, configFile }

    private let section: ConfigFile.Section?
    private let profile: String
    private let path: String

    package init(_ profiles: Profiles, _ file: File, _ files: SharedFiles, profile: String? = nil) {
        self.profile = profile ?? profiles.name
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
        guard !identifier.isEmpty else { throw .missingCredentials("\(place) has an empty aws_access_key_id") }
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
}
