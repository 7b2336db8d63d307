/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
package struct EnvironmentCredentials: CredentialsSource {
    private let environment: Environment

    package init(_ environment: Environment) { self.environment = environment }

    package var place: String { Self.place }

    static let place = "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"

    /// - Throws: if only one half of a key is set, or a value is not valid in a header.
    package func credentials() throws(ConfigurationError) -> Credentials? {
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        let values = names.map { environment.value($0) }
        guard let identifier = values[0], let secret = values[1] else {
            // As in botocore, a secret without a key ID is ignored.
            guard values[0] != nil else { return nil }
            throw .missingCredentials("\(names[1]) is not set, but \(names[0]) is")
        }
        let tokens = ["AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"]
        let name = tokens.first { environment.value($0) != nil }
        let token = name.flatMap { environment.value($0) }
        try Credentials.check(identifier, name: names[0])
        try Credentials.check(secret, name: names[1])
        try token.map { token throws(ConfigurationError) in
            try Credentials.check(token, name: name ?? "")
        }
        return Credentials(accessKeyID: identifier, secretAccessKey: secret, sessionToken: token)
    }
}
