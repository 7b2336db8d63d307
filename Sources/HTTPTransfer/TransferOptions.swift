/// What holds for all transfers of a loop.
package struct TransferOptions: Sendable {
    /// How many idle connections are kept, and so how many transfers go on without connecting again.
    package var keptConnections = 64
    /// A file of certificates to trust instead of the system's; `AWS_CA_BUNDLE`.
    package var certificateBundle: String?
    /// The value of User-Agent.
    package var userAgent = "s3-lines"

    package init() {}
}
