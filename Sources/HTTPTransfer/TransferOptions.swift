/// What holds for all transfers of a loop.
package struct TransferOptions: Sendable {
    /// How long a connection may take to come about, in milliseconds.
    package var connectMilliseconds = 10_000
    /// How long a transfer may go on without a byte in either direction, in milliseconds. It also bounds the wait
    /// for the first byte of an answer.
    package var silenceMilliseconds = 60_000
    /// How many idle connections are kept, and so how many transfers go on without connecting again.
    package var keptConnections = 64
    /// A file of certificates to trust instead of the system's; `AWS_CA_BUNDLE`.
    package var certificateBundle: String?
    /// Whether the environment may name a proxy, which libcurl else looks for before each request.
    package var mayHaveProxy = true
    /// The value of User-Agent.
    package var userAgent = "s3-lines"

    package init() {}
}
