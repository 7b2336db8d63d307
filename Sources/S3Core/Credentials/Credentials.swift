/// An access key, and what belongs to it. Never shown: neither its description nor a mirror has the secret.
package struct Credentials: Equatable, Sendable {
    package let accessKeyID: [UInt8]
    package let secretAccessKey: [UInt8]
    package let sessionToken: [UInt8]?
    /// When they end; nil if they do not, or nothing says so.
    package var expiration: Timestamp?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = [UInt8](accessKeyID.utf8)
        self.secretAccessKey = [UInt8](secretAccessKey.utf8)
        self.sessionToken = sessionToken.map { [UInt8]($0.utf8) }
    }
}

extension Credentials {
    /// - Throws: if a part of a key could not stand in a header. The message has the part's name alone.
    static func check(_ value: String, name: String) throws(ConfigurationError) {
        // Nearly all are of these alone, and then no table of characters is looked into.
        guard !value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return }
        if value.unicodeScalars.contains(where: isInvisible) {
            throw .invalid("\(name) holds white space or control characters")
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

/// A place where credentials may be found. `CredentialsLookup` says the order.
package protocol CredentialsSource {
    /// The place, as the message lists it that says where nothing was found.
    var place: String { get }
    /// The credentials found there, or nil if the place is empty.
    func credentials() throws(ConfigurationError) -> Credentials?
}
