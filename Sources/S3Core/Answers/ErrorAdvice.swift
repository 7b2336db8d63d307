extension S3Error {
    /// Whether S3 may mean that there is no such key: this is how it refuses somebody who may not list the bucket.
    /// Not where code or message says what else is refused, as the use of a key of KMS.
    package var mayMeanMissingKey: Bool {
        guard kind == .accessDenied, code.isEmpty || code == "AccessDenied" else { return false }
        if message.lowercased().contains("kms") { return false }
        return !message.contains("not authorized to perform") || message.contains("s3:ListBucket")
    }

    /// Adds to what the service says, as a sentence goes on.
    package mutating func add(_ words: String) { message += (message.isEmpty ? "" : "; ") + words }

    /// Says what can be done about a refusal whose reason is known.
    ///
    /// - Parameters:
    ///   - storageClass: the object's, where the service names it.
    mutating func adviseOnArchive(storageClass: String?) {
        guard code == "InvalidObjectState" else { return }
        add(
            "the object is archived" + (storageClass.map { " (\($0))" } ?? "")
                + ": restore it first, as with aws s3api restore-object")
    }

    /// Says how much was sent, where that was too much for the service or what is before it.
    mutating func adviseOnSize(sent: Int) {
        guard status == 413 || code == "EntityTooLarge", sent > 0 else { return }
        let canBeLess = sent > Self.smallestPart
        add(
            "\(sent) bytes were sent at once; "
                + (canBeLess
                    ? "send fewer with --part-size or --min-part-size, or let more pass"
                    : "--part-size and --min-part-size are 5M at least, so more has to pass")
                + " (nginx: client_max_body_size)")
    }

    /// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
    private static let smallestPart = 5 << 20

    /// Says what a failed handshake most often is.
    mutating func adviseOnHandshake() {
        let words = ["wrong version number", "packet length too long", "record layer failure"]
        if status == 0, kind == .unreachable, words.contains(where: message.contains) {
            add("the server seems to speak http://, not https://")
        }
    }
}
