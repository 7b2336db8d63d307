import HTTPTransfer

/// Credentials from an EC2 instance's metadata service, version 2: requests a token, the role's name, then
/// its credentials.
///
/// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata".
struct InstanceCredentials: CredentialsMachine {
    private enum Step { case token, role, credentials }

    private static let place = "EC2 instance metadata"
    private static let rolePath = "/latest/meta-data/iam/security-credentials/"
    private static let tokenSeconds = "21600"

    private let base: String
    private let isDisabled: Bool
    private let milliseconds: Int
    private let attempts: Int
    private var step = Step.token
    private var token = ""

    init(_ layers: SettingLayers) throws(ConfigurationError) {
        isDisabled = layers.environment.flag("AWS_EC2_METADATA_DISABLED")
        let (modeSetting, modeVariable) = (
            "ec2_metadata_service_endpoint_mode", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
        )
        let mode = layers.value(modeSetting, modeVariable)?.lowercased()
        let usesIPv6 = mode.map { $0 == "ipv6" } ?? layers.flag("imds_use_ipv6", "AWS_IMDS_USE_IPV6")
        if let mode, mode != "ipv4", mode != "ipv6" {
            let name = layers.name(modeSetting, modeVariable)
            throw .invalid("\(name): expected ipv4 or ipv6, found '\(mode)'")
        }
        let (setting, variable) = ("ec2_metadata_service_endpoint", "AWS_EC2_METADATA_SERVICE_ENDPOINT")
        let endpoint = try Endpoint(
            layers.value(setting, variable)
                ?? (usesIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"),
            name: layers.name(setting, variable))
        base = endpoint.scheme.rawValue + "://" + endpoint.authority + endpoint.path
        milliseconds =
            1000
            * (try layers.positiveNumber("metadata_service_timeout", "AWS_METADATA_SERVICE_TIMEOUT") ?? 1)
        attempts =
            try layers.positiveNumber("metadata_service_num_attempts", "AWS_METADATA_SERVICE_NUM_ATTEMPTS")
            ?? 1
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        switch event {
        case .start:
            if isDisabled { return .nothing("\(Self.place): AWS_EC2_METADATA_DISABLED is true") }
            step = .token
            var request = request("/latest/api/token")
            request.method = .put
            request.headers = [HTTPHeader("x-aws-ec2-metadata-token-ttl-seconds", Self.tokenSeconds)]
            return .send(request)
        case .response(200, let body): return answered(body)
        case .response(404, _) where step == .role: return .nothing("\(Self.place): the instance has no role")
        case .response(let status, _): return .nothing("\(Self.place): the response is \(status)")
        case .noResponse(let reason): return .nothing("\(Self.place): \(reason)")
        case .file, .output: return .nothing(Self.place)
        }
    }

    private mutating func answered(_ body: [UInt8]) -> CredentialsAction {
        switch step {
        case .token:
            guard let text = Self.word(body) else {
                return .nothing("\(Self.place): the response to the token request is not a token")
            }
            token = text
            step = .role
            return .send(request(Self.rolePath))
        case .role:
            guard let role = Self.word(body) else {
                return .nothing("\(Self.place): the instance has no role")
            }
            step = .credentials
            return .send(request(Self.rolePath + role))
        case .credentials:
            let paths = [".AccessKeyId", ".SecretAccessKey", ".Token", ".Expiration"]
            let action = CredentialsDocument.outcome(body, paths, place: Self.place, of: "the response")
            // The instance was not chosen explicitly, so the other sources' reasons are listed too.
            guard case .end(.failed(.missingCredentials(let reason))) = action else { return action }
            return .nothing(reason)
        }
    }

    /// The first word of `body`, if it is printable ASCII that may be part of a request.
    private static func word(_ body: [UInt8]) -> String? {
        let text = String(decoding: body, as: UTF8.self).split { $0.isWhitespace }.first.map(String.init)
        return text.flatMap { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? $0 : nil }
    }

    private func request(_ path: String) -> CredentialsRequest {
        var request = CredentialsRequest(base + path)
        request.isLocal = true
        request.milliseconds = milliseconds
        request.attempts = attempts
        if step != .token {
            request.headers = [HTTPHeader("x-aws-ec2-metadata-token", token)]
            request.secrets = [[UInt8](token.utf8)]
        }
        return request
    }
}
