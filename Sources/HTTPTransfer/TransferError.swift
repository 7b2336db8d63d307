import CCurl

/// Why a transfer ended without a whole answer.
package struct TransferError: Error, Equatable, Sendable {
    /// What went wrong, as far as a retry or an exit status depends on it.
    package enum Kind: Equatable, Sendable {
        /// The host name has no address, or none now.
        case unresolved
        /// No one listens there, or no connection came about in time.
        case unconnected
        /// The connection ended or broke before the whole answer was there.
        case connectionLost
        /// No byte in either direction for longer than is allowed.
        case stalled
        /// The peer's certificate was refused.
        case untrusted
        /// The answer is not HTTP, or its header fields pass the limit.
        case notHTTP
        /// Nothing shows that the answer is whole: its fields give two lengths or none.
        case misframed
        /// A kept connection turned out to be dead after the request had gone out; libcurl would have sent
        /// it again by itself, which `HTTPRequest.mayBeResent` forbids.
        case resendRefused
        /// The receiver of the body asked for it.
        case cancelled
        /// libcurl was not set up right: a bad URL, an unusable certificate bundle.
        case unusable
    }

    package let kind: Kind
    /// libcurl's words.
    package let message: String

    /// True if the request may have reached the service, so that it may have been acted on.
    package let wasSent: Bool

    package init(_ kind: Kind, _ message: String, wasSent: Bool = false) {
        self.kind = kind
        self.message = message
        self.wasSent = wasSent
    }

    /// Nothing is wrong with the request or the service, and a later one may have what this one lacks.
    static let noMemory = TransferError(.connectionLost, "out of memory for the transfer")

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
        // Out of memory is what libcurl calls a header field of more than 100 KiB.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING,
            CURLE_OUT_OF_MEMORY:
            .notHTTP
        default: .connectionLost
        }
    }
}
