/// Takes secrets out of what a service says: some repeat what they were sent.
struct Redaction {
    private static let replacement = "[redacted]"
    /// What the value behind it signs a request with, in hexadecimal.
    private static let signature = "Signature="
    private static let scheme = "://"

    private let secrets: [String]

    init(_ credentials: Credentials?) {
        let secrets = [credentials?.secretAccessKey, credentials?.sessionToken]
        self.secrets = secrets.compactMap { $0.map { String(decoding: $0, as: UTF8.self) } }
            .filter { !$0.isEmpty }
    }

    func redacted(_ error: S3Error) -> S3Error {
        var error = error
        error.code = redacted(error.code)
        error.message = redacted(error.message)
        error.requestID = redacted(error.requestID)
        return error
    }

    func redacted(_ text: String) -> String {
        var text = text
        for secret in secrets where text.contains(secret) {
            text = text.split(separator: secret, omittingEmptySubsequences: false)
                .joined(separator: Self.replacement)
        }
        var pieces = text.split(separator: Self.signature, omittingEmptySubsequences: false)
        guard pieces.count > 1 else { return text }
        for index in 1..<pieces.count { pieces[index] = pieces[index].drop(while: \.isHexDigit) }
        return pieces.joined(separator: Self.signature + Self.replacement)
    }

    /// Takes users and passwords out of addresses that were set here, of a proxy or an endpoint:
    /// `http://user:password@host`.
    static func withoutUsers(_ text: String) -> String {
        var pieces = text.split(separator: scheme, omittingEmptySubsequences: false)
        for index in pieces.indices.dropFirst() {
            // A password that is not encoded may have any character.
            guard let at = pieces[index].lastIndex(of: "@") else { continue }
            pieces[index] = replacement + pieces[index][at...]
        }
        return pieces.joined(separator: scheme)
    }
}
