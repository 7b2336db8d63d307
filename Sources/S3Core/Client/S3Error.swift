package import HTTPTransfer

/// Why an operation failed, after all attempts.
package struct S3Error: Error, Equatable, Sendable {
    /// Determines retries, the exit status and the caller's reaction.
    package enum Kind: Equatable, Sendable {
        case noSuchBucket
        case noSuchKey
        case noSuchUpload
        /// The service denies this request.
        case accessDenied
        /// The service refuses the credentials: unknown, expired, or the signature is wrong.
        case credentialsRefused
        /// The condition If-None-Match or If-Match failed.
        case preconditionFailed
        /// Another conditional request was in progress (409 ConditionalRequestConflict).
        case conflict
        case rangeNotSatisfiable
        /// The bucket is in another region: `S3Error.region`, if the service names it.
        case wrongRegion
        /// The client's clock is off.
        case clockSkewed
        case throttled
        /// No progress for too long, as measured by the client or by the service.
        case timedOut
        /// No connection could be established.
        case unreachable
        /// The peer's certificate was refused.
        case untrusted
        /// The connection ended before the response was complete.
        case connectionLost
        /// The service reported an internal error.
        case serverFailed
        /// The response is not from S3.
        case notS3
        /// The received data is corrupt: a checksum or a length does not match.
        case damaged
        /// The request could not be sent because of the tool's configuration.
        case configuration
        /// The caller cancelled it.
        case cancelled
        /// Refused for another reason; see code and message.
        case refused
    }

    package var kind: Kind
    /// The operation's name.
    package var operation = ""
    /// The HTTP status; 0 if there was no response.
    package var status = 0
    /// S3's error code; empty if there is none.
    package var code = ""
    /// S3's message, or a description by this client.
    package var message = ""
    /// `x-amz-request-id`; empty if there is none.
    package var requestID = ""
    /// The bucket's region, if the response names it.
    package var region: String?
    /// The delay that the service requests, in milliseconds (`x-amz-retry-after`).
    package var retryAfterMilliseconds: Int?
    /// The number of attempts.
    package var attempts = 1
    /// True if the service may have applied an attempt although it sent no success response.
    package var mayHaveBeenApplied = false
    /// True if an attempt was sent, the service did not answer it, and no later response shows that it has
    /// ended. The response of a proxy does not count.
    package var isUnanswered = false
    /// The body of a response with an unclear outcome.
    var body: [UInt8]?
    /// True if the service may still be processing the request, so that its data must not be removed.
    package var mayBeUnderWay = false

    /// True if nothing in the response shows that S3 sent it.
    package var isAnonymous = false

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// A success status whose response does not confirm the operation.
    static func unclear(_ message: String) -> S3Error {
        var error = S3Error(.notS3, message)
        error.mayHaveBeenApplied = true
        return error
    }

    /// True if the status was a success but the response does not confirm the operation; a HEAD request
    /// shows whether it was done.
    package var isUnclear: Bool { kind == .notS3 && mayHaveBeenApplied && (200..<300).contains(status) }

    /// True if the credentials were valid and have expired.
    var saysExpired: Bool {
        kind == .credentialsRefused
            && ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code)
    }

    /// True if every other request would fail too: the run ends with this error.
    package var stopsRun: Bool {
        switch kind {
        case .noSuchBucket, .credentialsRefused, .unreachable, .untrusted, .configuration, .wrongRegion,
            .clockSkewed:
            true
        default: false
        }
    }
}

extension S3Error: CustomStringConvertible {
    /// The longest text of a service that is shown: an error's body may be much longer.
    private static let longestText = 1000

    /// `PutObject: 503 SlowDown: Please reduce your request rate (request id 4442587FB7D0A2F9), 10 attempts`
    package var description: String {
        var text = operation
        let response = [status == 0 ? "" : String(status), code].filter { !$0.isEmpty }.joined(separator: " ")
        for part in [response, message] where !part.isEmpty {
            text += (text.isEmpty ? "" : ": ") + Self.shortened(part)
        }
        if !requestID.isEmpty { text += " (request id \(Self.shortened(requestID)))" }
        if attempts > 1 { text += ", \(attempts) attempts" }
        return text
    }

    private static func shortened(_ text: String) -> String {
        text.count <= longestText ? text : text.prefix(longestText) + "..."
    }
}

extension S3Error {
    /// The error of a transfer without a complete response.
    package init(_ error: TransferError) {
        let kind: Kind =
            switch error.kind {
            case .unresolved, .unconnected: .unreachable
            case .untrusted: .untrusted
            case .connectionLost, .resendRefused: .connectionLost
            case .stalled: .timedOut
            case .notHTTP: .notS3
            case .misframed: .damaged
            case .cancelled: .cancelled
            case .unusable: .configuration
            }
        self.init(kind, Redaction.withoutUsers(error.message))
        mayHaveBeenApplied = error.wasSent
        isUnanswered = error.wasSent
    }
}
