/// Options of all transfers of a loop.
package struct TransferOptions: Sendable {
    /// The maximum number of idle connections that are kept for reuse.
    package var keptConnections = 64
    /// A file of trusted certificates that replaces the system's; `AWS_CA_BUNDLE`.
    package var certificateBundle: String?
    /// The value of User-Agent.
    package var userAgent = "s3-lines"

    package init() {}
}
