import CCurl

/// Why a transfer ended without a complete response.
package struct TransferError: Error, Equatable, Sendable {
    /// The kind of error, which determines retries and the exit status.
    package enum Kind: Equatable, Sendable {
        /// The host name could not be resolved.
        case unresolved
        /// The connection was refused or timed out.
        case unconnected
        /// The connection ended before the response was complete.
        case connectionLost
        /// No byte was transferred in either direction for the time limit.
        case stalled
        /// The server's certificate is not trusted.
        case untrusted
        /// The response is not HTTP, or its headers exceed the size limit.
        case notHTTP
        /// The response may be incomplete: its headers give no length or contradictory ones.
        case misframed
        /// A reused connection turned out to be closed after the request was sent. libcurl would have sent
        /// the request again, which `HTTPRequest.mayBeResent` forbids.
        case resendRefused
        /// The receiver of the body cancelled the transfer.
        case cancelled
        /// libcurl's configuration is invalid: a bad URL, or an unusable certificate bundle.
        case unusable
    }

    package let kind: Kind
    /// libcurl's message.
    package let message: String

    /// True if the request may have reached the service, which may have applied it.
    package let wasSent: Bool

    package init(_ kind: Kind, _ message: String, wasSent: Bool = false) {
        self.kind = kind
        self.message = message
        self.wasSent = wasSent
    }

    /// Classified as a lost connection: request and service are in order, and a retry may find memory.
    static let noMemory = TransferError(.connectionLost, "out of memory for the transfer")

    /// CURLE_TOO_LARGE, which libcurl has since version 8.6.
    static var tooLarge: CURLcode { CURLcode(rawValue: 100) }

    /// Source: libcurl-errors(3).
    static func kind(of code: CURLcode) -> Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unresolved
        case CURLE_COULDNT_CONNECT: .unconnected
        case CURLE_OPERATION_TIMEDOUT: .stalled
        case CURLE_SSL_CONNECT_ERROR: .unconnected
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
            .untrusted
        case CURLE_URL_MALFORMAT, CURLE_SSL_CACERT_BADFILE, CURLE_FAILED_INIT,
            CURLE_BAD_FUNCTION_ARGUMENT:
            .unusable
        // libcurl reports a header of more than 100 KiB as too large, before version 8.6 as out of memory.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING,
            CURLE_OUT_OF_MEMORY, tooLarge:
            .notHTTP
        default: .connectionLost
        }
    }
}
