import ByteIO
import HTTPTransfer

/// Builds HTTP requests from S3 requests: address, headers, signature.
struct RequestBuilder: ~Copyable {
    private let bucket: String
    private var configuration: S3Configuration
    private let usesProxy: Bool
    private var signer: Signer?
    private var credentials: Credentials?
    private var address: Endpoint
    /// The URL before the path, `https://host:port`.
    private var origin: [UInt8] = []
    // Headers that are the same for all or many requests.
    private var host = HTTPHeader("host", "")
    private var acceptEncoding = HTTPHeader("accept-encoding", "")
    private var token: HTTPHeader?
    private var timeField = HTTPHeader("x-amz-date", "")
    /// The path before each encoded key.
    private var pathStart: [UInt8] = []
    /// The time of the last request, and its text: many requests fall into the same second.
    private var time = Timestamp(seconds: 0)
    private var timeText: [UInt8] = []
    private var clockOffsetSeconds = 0
    /// The special cases of the service at this address.
    private(set) var traits: HostTraits
    private(set) var isAWS: Bool

    init(_ configuration: S3Configuration, bucket: String) {
        self.bucket = bucket
        self.configuration = configuration
        usesProxy = !configuration.proxies.isEmpty
        address = configuration.bucketAddress(bucket)
        traits = HostTraits.of(address.authority)
        isAWS = address.isAWS
        credentials = configuration.credentials
        setRegion(configuration.region)
    }

    /// Changes region and clock of signatures; on AWS also sends requests to the region's host.
    mutating func setSigning(_ signing: AttemptHistory.Signing) {
        clockOffsetSeconds = signing.clockOffsetSeconds
        setRegion(signing.region)
    }

    /// Changes the credentials of signatures.
    mutating func setCredentials(_ credentials: Credentials) {
        self.credentials = credentials
        setRegion(configuration.region)
    }

    private mutating func setRegion(_ region: String) {
        configuration.region = region
        address = configuration.bucketAddress(bucket)
        traits = HostTraits.of(address.authority)
        isAWS = address.isAWS
        origin = [UInt8]((address.scheme.rawValue + "://" + address.authority).utf8)
        host = HTTPHeader("host", address.authority)
        acceptEncoding = HTTPHeader("accept-encoding", traits.acceptEncoding)
        pathStart = [UInt8](address.path.utf8) + [UInt8(ascii: "/")]
        if let credentials {
            token = credentials.sessionToken.map { HTTPHeader(Self.tokenName, $0) }
            signer = Signer(credentials, region: region)
        }
    }

    /// - Parameter payloadHash: the body's hash from an earlier attempt; computed and stored there if it is
    ///   nil.
    mutating func request(_ request: S3Request, payloadHash: inout [UInt8]?) -> HTTPRequest {
        let query = Self.query(request.query)
        // The signature covers the path of this URL.
        var url = origin
        url.reserveCapacity(origin.count + pathStart.count + (request.key?.count ?? 0) + query.count + 1)
        url += pathStart
        if let key = request.key { PercentEncoding.append(key, keepingSlash: true, to: &url) }
        var headers = request.headers
        if let checksum = request.bodyChecksum { headers.append(checksum) }
        if configuration.requestPayer { headers.append(Self.requestPayer) }
        if credentials != nil {
            sign(&headers, request, url: url, query: query, payloadHash: &payloadHash)
        }
        if !query.isEmpty {
            url.append(UInt8(ascii: "?"))
            url += query
        }
        // Not signed, because proxies change it.
        if request.method == .get || request.method == .head { headers.append(acceptEncoding) }
        var transfer = HTTPRequest(method: request.method, url: url, headers: headers, body: request.body)
        transfer.mayBeResent = request.isIdempotent
        transfer.silenceMilliseconds = max(configuration.timeoutMilliseconds, request.silenceMilliseconds)
        transfer.usesProxy = usesProxy
        return transfer
    }

    private static let requestPayer = HTTPHeader("x-amz-request-payer", "requester")
    private static let contentHashName = [UInt8]("x-amz-content-sha256".utf8)
    private static let emptyContentHash = HTTPHeader(contentHashName, Signer.emptyPayloadHash)
    private static let dateName = [UInt8]("x-amz-date".utf8)
    private static let tokenName = [UInt8]("x-amz-security-token".utf8)

    private mutating func sign(
        _ headers: inout [HTTPHeader], _ request: S3Request, url: [UInt8], query: [UInt8],
        payloadHash: inout [UInt8]?
    ) {
        updateTime()
        let hash = payloadHash ?? self.hash(request)
        payloadHash = hash
        var signed: [HTTPHeader] = []
        signed.reserveCapacity(headers.count + 6)
        // Set here because libcurl would write some hosts differently from the signed ones.
        signed.append(host)
        signed.append(request.body == nil ? Self.emptyContentHash : HTTPHeader(Self.contentHashName, hash))
        signed.append(timeField)
        if let token { signed.append(token) }
        for header in headers { Self.insert(header, into: &signed) }
        let authorization = signer?.authorization(
            method: request.method, path: url.bytes.extracting(droppingFirst: origin.count), query: query,
            headers: signed, payloadHash: hash,
            time: timeText)
        if let authorization { signed.append(authorization) }
        headers = signed
    }

    /// Inserts a header into headers sorted by name, of which there are few.
    private static func insert(_ header: HTTPHeader, into sorted: inout [HTTPHeader]) {
        let place = sorted.firstIndex { header.precedes($0) }
        sorted.insert(header, at: place ?? sorted.count)
    }

    var isSigned: Bool { credentials != nil }

    /// Whether a request's signature includes the hash of its body.
    func signsPayload(hasChecksum: Bool) -> Bool {
        !hasChecksum || address.scheme != .https || configuration.signsPayloads
    }

    /// The body's hash for the signature. If TLS and a checksum protect the body, it is not hashed: the hash
    /// costs more CPU time than everything else in an upload.
    private mutating func hash(_ request: S3Request) -> [UInt8] {
        guard signsPayload(hasChecksum: request.bodyChecksum != nil) else { return Signer.unsignedPayload }
        if let hash = request.payloadHash { return hash }
        guard let body = request.body, let hash = signer?.payloadHash(body.bytes) else {
            return Signer.emptyPayloadHash
        }
        return hash
    }

    private mutating func updateTime() {
        let now = Timestamp(seconds: Timestamp.now.seconds + clockOffsetSeconds)
        guard now != time else { return }
        time = now
        timeText = now.basicFormat
        timeField = HTTPHeader(Self.dateName, timeText)
    }

    /// The query string as signed and sent: encoded, sorted, each name with a `=`.
    private static func query(_ parameters: [(name: String, value: [UInt8])]) -> [UInt8] {
        var text: [UInt8] = []
        guard !parameters.isEmpty else { return text }
        for parameter in parameters.sorted(by: { $0.name < $1.name }) {
            if !text.isEmpty { text.append(UInt8(ascii: "&")) }
            PercentEncoding.append([UInt8](parameter.name.utf8), to: &text)
            text.append(UInt8(ascii: "="))
            PercentEncoding.append(parameter.value, to: &text)
        }
        return text
    }
}
