package import HTTPTransfer

/// Why an operation failed, after all attempts.
package struct S3Error: Error, Equatable, Sendable {
    /// What the caller, the retry policy and the exit status depend on.
    package enum Kind: Equatable, Sendable {
        case noSuchBucket
        case noSuchKey
        case noSuchUpload
        /// This one request is not allowed.
        case accessDenied
        /// The credentials themselves are refused: unknown, expired, or the signature is wrong.
        case credentialsRefused
        /// If-None-Match or If-Match did not hold.
        case preconditionFailed
        /// Another conditional request was under way (409 ConditionalRequestConflict).
        case conflict
        case rangeNotSatisfiable
        /// The bucket is in another region, `S3Error.region` if the service says which.
        case wrongRegion
        /// The client's clock is off.
        case clockSkewed
        case throttled
        /// No progress for too long, seen from here or from there.
        case timedOut
        /// No connection came about.
        case unreachable
        /// The peer's certificate was refused.
        case untrusted
        /// The connection did not last for a whole answer.
        case connectionLost
        /// The service says that it failed.
        case serverFailed
        /// The answer is not S3's.
        case notS3
        /// What arrived is not what was sent: a checksum or a length.
        case damaged
        /// The request was never sent, because of how the tool is set up.
        case configuration
        /// The caller cancelled it.
        case cancelled
        /// Refused for another reason; code and message say it.
        case refused
    }

    package var kind: Kind
    /// The operation's name.
    package var operation = ""
    /// The HTTP status; 0 if there was no answer.
    package var status = 0
    /// S3's error code; empty if it gave none.
    package var code = ""
    /// S3's message, or what happened in words of our own.
    package var message = ""
    /// `x-amz-request-id`; empty if it gave none.
    package var requestID = ""
    /// The bucket's region, if the answer names it.
    package var region: String?
    /// How long the service asks to wait, in milliseconds (`x-amz-retry-after`).
    package var retryAfterMilliseconds: Int?
    /// How many attempts were made.
    package var attempts = 1
    /// True if an attempt may have been acted on although no good answer came.
    package var mayHaveBeenApplied = false
    /// True if an attempt was sent and the service did not answer it, nor has said since how it ended. What a proxy
    /// answers in its place is no answer.
    package var isUnanswered = false
    /// The body of a response that is unclear.
    var body: [UInt8]?
    /// True if the service may still be at work on it, so that nothing of it may be taken away.
    package var mayBeUnderWay = false

    /// True if nothing in the answer shows that S3 gave it.
    package var isAnonymous = false

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// A response that is a success, and does not say of what.
    static func unclear(_ message: String) -> S3Error {
        var error = S3Error(.notS3, message)
        error.mayHaveBeenApplied = true
        return error
    }

    /// True if a request was answered as a success, but the response does not say of what. A HEAD can tell.
    package var isUnclear: Bool { kind == .notS3 && mayHaveBeenApplied && (200..<300).contains(status) }

    /// True if the credentials were good, and have ended.
    var saysExpired: Bool {
        kind == .credentialsRefused
            && ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code)
    }

    /// True if no other request can do better: the run ends with this error.
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
    /// How much of what a service says is shown: an error's body may have much more.
    private static let longestText = 1000

    /// `PutObject: 503 SlowDown: Please reduce your request rate (request id 4442587FB7D0A2F9), 10 attempts`
    package var description: String {
        var text = operation
        let answer = [status == 0 ? "" : String(status), code].filter { !$0.isEmpty }.joined(separator: " ")
        for part in [answer, message] where !part.isEmpty {
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
    /// A transfer that gave no whole answer.
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
