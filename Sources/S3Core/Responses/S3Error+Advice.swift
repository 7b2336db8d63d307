extension S3Error {
    /// Whether the error may mean that the key does not exist: S3 responds so to users who may not list the
    /// bucket. False if code or message name another cause, such as a KMS key.
    package var mayMeanMissingKey: Bool {
        guard kind == .accessDenied, code.isEmpty || code == "AccessDenied" else { return false }
        if message.lowercased().contains("kms") { return false }
        return !message.contains("not authorized to perform") || message.contains("s3:ListBucket")
    }

    /// Appends to the service's message, after a semicolon instead of a full stop.
    package mutating func add(_ words: String) {
        if message.hasSuffix(".") { message.removeLast() }
        message += (message.isEmpty ? "" : "; ") + words
    }

    /// The error with a note in parentheses after the service's message.
    func noting(_ words: String) -> S3Error {
        var error = self
        error.message += (message.isEmpty ? "" : " ") + "(\(words))"
        return error
    }

    /// Adds advice if the object is archived.
    ///
    /// - Parameters:
    ///   - storageClass: the object's storage class, if the service names it.
    mutating func adviseOnArchive(storageClass: String?) {
        guard code == "InvalidObjectState" else { return }
        add(
            "the object is archived" + (storageClass.map { " (\($0))" } ?? "")
                + ": restore it first, as with aws s3api restore-object")
    }

    /// Adds the size of the request if the service or a proxy refused it as too large.
    mutating func adviseOnSize(sent: Int) {
        guard status == 413 || code == "EntityTooLarge", sent > 0 else { return }
        let canBeLess = sent > Self.smallestPart
        add(
            "the request had \(sent) bytes; "
                + (canBeLess
                    ? "send fewer with --part-size or --min-part-size, or let the server accept more"
                    : "--part-size and --min-part-size are at least 5M, so the server must accept more")
                + " (nginx: client_max_body_size)")
    }

    /// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
    private static let smallestPart = 5 << 20

    /// Adds the most frequent cause of a failed handshake.
    mutating func adviseOnHandshake() {
        let words = ["wrong version number", "packet length too long", "record layer failure"]
        if status == 0, kind == .unreachable, words.contains(where: message.contains) {
            add("the server seems to speak http://, not https://")
        }
    }

    /// Adds where trusted certificates come from, if none of them signed the server's certificate or they cannot
    /// be read.
    mutating func adviseOnCertificates() {
        let unknown = ["self-signed certificate", "self signed certificate", "local issuer certificate"]
        if kind == .untrusted, unknown.contains(where: message.contains) {
            add("AWS_CA_BUNDLE can name a file with the certificates to trust")
        } else if kind == .configuration, message.contains("certificate file") {
            add("AWS_CA_BUNDLE, or ca_bundle of the profile, must name a file of certificates in PEM form")
        }
    }

    /// Adds the bucket's region if the request went to another one, and a new signature cannot help.
    mutating func adviseOnRegion() {
        guard kind == .wrongRegion else { return }
        add(
            region.map { "the bucket is in region \($0), which --region and --endpoint must fit" }
                ?? "the bucket is in another region; name it with --region")
    }
}
