import HTTPTransfer

/// Credentials from a container's agent: ECS, EKS pod identity, Greengrass.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
struct ContainerCredentials: CredentialsMachine {
    private let url: String
    private let tokenFile: String?
    private let token: String?

    private static let place = "the container's credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI)"
    private static let plainHosts = [
        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost", "[::1]",
    ]

    /// Nil if the environment does not configure it.
    ///
    /// - Throws: if the address is not an allowed one.
    init?(_ environment: Environment) throws(ConfigurationError) {
        tokenFile = environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if let path = environment.value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = "http://169.254.170.2" + path
        } else if let whole = environment.value("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = whole
        } else {
            return nil
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), Self.mayBeAsked(url) else {
            throw .invalid(
                "\(Self.place): expected an https URL, or an http URL of a loopback address, 169.254.170.2, "
                    + "169.254.170.23 or fd00:ec2::23, found '\(Redaction.shown(address: url))'")
        }
    }

    private static func mayBeAsked(_ url: String) -> Bool {
        if url.lowercased().hasPrefix("https://") { return true }
        guard url.lowercased().hasPrefix("http://") else { return false }
        let authority = url.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return false }
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback = numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
        return isLoopback || plainHosts.contains(host.lowercased())
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        switch event {
        case .start:
            // The token is read each time because it changes.
            if let tokenFile { return .read(tokenFile) }
            return ask(token)
        case .file(let bytes):
            guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
                return .missing("\(Self.place): the token file \(tokenFile ?? "") cannot be read")
            }
            return ask(text)
        case .response(200, let body):
            let paths = [".AccessKeyId", ".SecretAccessKey", ".Token", ".Expiration"]
            return CredentialsDocument.outcome(body, paths, place: Self.place, of: "the response")
        case .response(let status, let body):
            return .missing("\(Self.place): the response is \(status)\(CredentialsDocument.complaint(body))")
        case .noResponse(let reason): return .missing("\(Self.place): \(reason)")
        case .output: return .missing(Self.place)
        }
    }

    private func ask(_ token: String?) -> CredentialsAction {
        var request = CredentialsRequest(url)
        request.isLocal = true
        request.milliseconds = 2000
        request.headers = [HTTPHeader("accept", "application/json")]
        if let token {
            guard HTTPHeader.isValue([UInt8](token.utf8)) else {
                let name = tokenFile ?? "AWS_CONTAINER_AUTHORIZATION_TOKEN"
                return .end(
                    .failed(
                        .invalid(
                            "\(name) contains a line break, which an authorization token must not contain")))
            }
            request.headers.append(HTTPHeader("authorization", token))
            request.secrets = [[UInt8](token.utf8)]
        }
        return .send(request)
    }
}
