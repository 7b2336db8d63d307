import ByteIO
import Digest
import HTTPTransfer

/// AWS STS: builds requests for a role's credentials and parses the responses.
///
/// Source: AWS Security Token Service API Reference, AssumeRole and AssumeRoleWithWebIdentity.
struct TokenService: Sendable {
    private let endpoint: Endpoint
    private let region: RegionName

    /// Uses the region's STS unless an endpoint is configured.
    init(_ layers: SettingLayers, region: RegionName) throws(ConfigurationError) {
        self.region = region
        endpoint = try layers.endpoint(
            of: "sts", region: region, service: "sts", variable: "AWS_ENDPOINT_URL_STS")
    }

    /// - Parameter credentials: used to sign the request; nil sends it unsigned.
    func request(
        _ parameters: [(String, String)], signedBy credentials: Credentials?, secrets: [[UInt8]] = []
    ) -> CredentialsRequest {
        var body: [UInt8] = []
        for (name, value) in parameters + [("Version", "2011-06-15")] {
            if !body.isEmpty { body.append(UInt8(ascii: "&")) }
            PercentEncoding.append([UInt8](name.utf8), to: &body)
            body.append(UInt8(ascii: "="))
            PercentEncoding.append([UInt8](value.utf8), to: &body)
        }
        let path = endpoint.path + "/"
        var request = CredentialsRequest(endpoint.scheme.rawValue + "://" + endpoint.authority + path)
        request.method = .post
        request.body = body
        request.secrets = secrets
        var headers = [
            HTTPHeader("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            HTTPHeader("host", endpoint.authority),
        ]
        if let credentials {
            let time = Timestamp.now.basicFormat
            headers.append(HTTPHeader([UInt8]("x-amz-date".utf8), time))
            if let token = credentials.sessionToken {
                headers.append(HTTPHeader([UInt8]("x-amz-security-token".utf8), token))
            }
            var signer = Signer(credentials, region: region.name, service: "sts")
            let hash = signer.payloadHash(body.bytes)
            // For all services but S3, the path is encoded once more.
            var signedPath: [UInt8] = []
            PercentEncoding.append([UInt8](path.utf8), keepingSlash: true, to: &signedPath)
            headers.append(
                signer.authorization(
                    method: .post, path: signedPath.bytes, query: [], headers: headers,
                    payloadHash: hash, time: time))
        }
        request.headers = headers
        return request
    }

    /// Parses a response; messages about a refusal name `place`.
    static func outcome(_ status: Int, _ body: [UInt8], action: String, place: String) -> CredentialsAction {
        let document = XMLElement(parsing: body)
        guard status == 200 else {
            let words = "\(place): \(action): \(status)"
            guard let error = document?.child("Error").map({ ErrorDocument.error($0, operation: action) })
            else { return .missing("\(words), and the response is not an error of STS") }
            let reason = ConfigurationError.missingCredentials(
                words + (error.code.isEmpty ? "" : " " + error.code)
                    + (error.message.isEmpty ? "" : ": " + error.message))
            return isTransient(error) ? .again(reason) : .end(.failed(reason))
        }
        let result = document?.child(action + "Result")?.child("Credentials")
        return CredentialsDocument.outcome(
            ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"].map { ($0, result?.text($0)) },
            place: place, of: "\(action): the response")
    }

    /// STS sends these errors with status 400.
    ///
    /// Source: botocore, `retries/standard.py` and `retries/special.py`.
    private static func isTransient(_ error: S3Error) -> Bool {
        [.throttled, .timedOut, .serverFailed].contains(error.kind) || error.code == "IDPCommunicationError"
    }

    /// The default session name.
    static var sessionName: String { "s3-lines-\(Timestamp.now.seconds)" }
}

/// A role's credentials, requested with another source's credentials.
struct AssumedRole: CredentialsMachine {
    private let service: TokenService
    private let parameters: [(String, String)]
    private let place: String
    private var source: any CredentialsMachine
    private var isAsking = false

    init(
        _ service: TokenService, _ parameters: [(String, String)], place: String,
        source: any CredentialsMachine
    ) {
        self.service = service
        self.parameters = [("Action", "AssumeRole")] + parameters
        self.place = place
        self.source = source
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        if case .start = event { isAsking = false }
        if isAsking {
            switch event {
            case .response(let status, let body):
                return TokenService.outcome(status, body, action: "AssumeRole", place: place)
            case .noResponse(let reason): return .missing("\(place): AssumeRole: \(reason)")
            default: return .missing(place)
            }
        }
        let action = source.next(event)
        guard case .end(let outcome) = action else { return action }
        switch outcome {
        case .found(let credentials, _):
            isAsking = true
            return .send(
                service.request(
                    parameters, signedBy: credentials,
                    secrets: [credentials.secretAccessKey] + (credentials.sessionToken.map { [$0] } ?? [])))
        case .nothing(let reason): return .missing("\(place): its source has no credentials: \(reason)")
        case .failed: return action
        }
    }
}

/// A role's credentials, requested with a token from a file.
struct WebIdentity: CredentialsMachine {
    private let service: TokenService
    private let parameters: [(String, String)]
    private let tokenFile: String
    private let place: String

    init(_ service: TokenService, _ parameters: [(String, String)], tokenFile: String, place: String) {
        self.service = service
        self.parameters = [("Action", "AssumeRoleWithWebIdentity")] + parameters
        self.tokenFile = tokenFile
        self.place = place
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        let action = "AssumeRoleWithWebIdentity"
        switch event {
        // The token is read each time because it changes.
        case .start: return .read(tokenFile)
        case .file(let bytes):
            guard let bytes, let token = String(validating: bytes, as: UTF8.self) else {
                return .missing("\(place): \(tokenFile) cannot be read")
            }
            do { try Credentials.check(token, name: tokenFile) } catch { return .end(.failed(error)) }
            return .send(
                service.request(
                    parameters + [("WebIdentityToken", token)], signedBy: nil, secrets: [[UInt8](token.utf8)])
            )
        case .response(let status, let body):
            return TokenService.outcome(status, body, action: action, place: place)
        case .noResponse(let reason): return .missing("\(place): \(action): \(reason)")
        case .output: return .missing(place)
        }
    }
}
