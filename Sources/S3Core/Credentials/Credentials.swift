/// An access key with its secret and token. Its description and mirror never show the secret.
package struct Credentials: Equatable, Sendable {
    package let accessKeyID: [UInt8]
    package let secretAccessKey: [UInt8]
    package let sessionToken: [UInt8]?
    /// When the credentials expire; nil if they do not, or if that is unknown.
    package var expiration: Timestamp?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = [UInt8](accessKeyID.utf8)
        self.secretAccessKey = [UInt8](secretAccessKey.utf8)
        self.sessionToken = sessionToken.map { [UInt8]($0.utf8) }
    }
}

extension Credentials {
    /// - Throws: if a value is not valid in a header. The message contains only the value's name.
    static func check(_ value: String, name: String) throws(ConfigurationError) {
        // The fast path for nearly all values avoids Unicode tables.
        guard !value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return }
        if value.unicodeScalars.contains(where: isInvisible) {
            throw .invalid("\(name) contains white space or control characters")
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace
            || [.control, .format].contains(scalar.properties.generalCategory)
    }
}

extension Credentials: CustomStringConvertible, CustomReflectable {
    package var description: String { "credentials of " + String(decoding: accessKeyID, as: UTF8.self) }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A source of credentials. `CredentialsLookup` defines the order.
package protocol CredentialsSource {
    /// The source's name, for the message that lists where credentials were looked for.
    var place: String { get }
    /// The credentials, or nil if the source has none.
    func credentials() throws(ConfigurationError) -> Credentials?
}
