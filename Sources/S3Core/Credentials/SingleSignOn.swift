import ByteIO
import Digest
import HTTPTransfer

/// IAM Identity Center: a role's credentials, requested with the token that `aws sso login` has stored.
///
/// Source: AWS IAM Identity Center Portal API Reference, GetRoleCredentials; botocore's `SSOTokenLoader`.
struct SingleSignOn: CredentialsMachine {
    private let profile: String
    private let place: String
    private let url: String
    private let tokenFile: String
    /// Whether the token may be refreshable, which the AWS command line does.
    private let isRenewable: Bool
    private var command: CommandCredentials?

    /// - Parameter section: the profile's settings.
    /// - Returns: nil if the profile does not use single sign-on.
    /// - Throws: if a setting is missing, or is set to different values in two places.
    init?(
        _ section: ConfigFile.Section, profile: String, _ layers: SettingLayers
    ) throws(ConfigurationError) {
        func text(_ name: String, _ section: ConfigFile.Section) -> String? { section[name]?.text }
        guard section["sso_role_name"] != nil || section["sso_account_id"] != nil else { return nil }
        self.profile = profile
        place = "IAM Identity Center for profile '\(profile)'"
        var settings = section
        let session = text("sso_session", section)
        if let session {
            guard let shared = layers.profiles.sessions[session] else {
                throw .invalid("profile '\(profile)' names [sso-session \(session)], which does not exist")
            }
            for (name, value) in shared {
                if let own = settings[name], own != value {
                    throw .invalid(
                        "\(name) of profile '\(profile)' differs from that of [sso-session \(session)]")
                }
                settings[name] = value
            }
        }
        for name in ["sso_start_url", "sso_region", "sso_role_name", "sso_account_id"]
        where text(name, settings)?.isEmpty != false {
            throw .invalid("profile '\(profile)' has no \(name)")
        }
        let region = try RegionName(
            text("sso_region", settings) ?? "", name: "sso_region of profile '\(profile)'")
        let endpoint = try layers.endpoint(
            of: "portal.sso", region: region, service: "sso", variable: "AWS_ENDPOINT_URL_SSO")
        var query = [UInt8]("role_name=".utf8)
        PercentEncoding.append([UInt8]((text("sso_role_name", settings) ?? "").utf8), to: &query)
        query += "&account_id=".utf8
        PercentEncoding.append([UInt8]((text("sso_account_id", settings) ?? "").utf8), to: &query)
        url =
            endpoint.scheme.rawValue + "://" + endpoint.authority + endpoint.path + "/federation/credentials?"
            + String(decoding: query, as: UTF8.self)
        let key = [UInt8]((session ?? text("sso_start_url", settings) ?? "").utf8)
        let name = Hexadecimal.encode(MessageDigest.hash(key.bytes, .sha1))
        tokenFile = layers.environment.expandedPath(
            "~/.aws/sso/cache/" + String(decoding: name, as: UTF8.self) + ".json")
        isRenewable = session != nil
    }

    private static let login = "aws sso login"

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        if case .start = event { command = nil }
        if var command { return command.next(event) }
        switch event {
        case .start: return .read(tokenFile)
        case .file(let bytes): return ask(bytes)
        case .response(200, let body):
            let paths = [".accessKeyId", ".secretAccessKey", ".sessionToken", ".expiration"]
            return CredentialsDocument.outcome(
                body, paths.map { ".roleCredentials" + $0 }, place: place, of: "the response")
        case .response(401, _): return renew()
        case .response(let status, let body):
            return .missing("\(place): the response is \(status)\(CredentialsDocument.complaint(body))")
        case .noResponse(let reason): return .missing("\(place): \(reason)")
        case .output: return .missing(place)
        }
    }

    private mutating func ask(_ bytes: [UInt8]?) -> CredentialsAction {
        guard let bytes else { return expired }
        let values = CredentialsDocument.values(bytes, [".accessToken", ".expiresAt"])
        guard let token = values?[0], let until = values?[1].flatMap({ Timestamp($0) }),
            HTTPHeader.isValue([UInt8](token.utf8))
        else { return expired }
        if until.seconds <= Timestamp.now.seconds { return renew() }
        var request = CredentialsRequest(url)
        request.headers = [HTTPHeader("x-amz-sso_bearer_token", token)]
        request.secrets = [[UInt8](token.utf8)]
        return .send(request)
    }

    private mutating func renew() -> CredentialsAction {
        guard isRenewable else { return expired }
        var command = CommandCredentials(exportOf: profile, place: place, login: Self.login)
        let action = command.next(.start)
        self.command = command
        return action
    }

    private var expired: CredentialsAction {
        .missing(
            "\(place): the login has expired; run: \(Self.login) --profile \(ShellWords.quoted(profile))")
    }
}
