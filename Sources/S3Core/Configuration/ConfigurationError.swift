/// An error in the user's settings, found before any request is sent.
package enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// An invalid environment variable, profile, region or endpoint; the text names it.
    case invalid(String)
    /// Credentials are missing or incomplete; the text says where they were looked for.
    case missingCredentials(String)

    package var description: String {
        switch self {
        case .invalid(let text), .missingCredentials(let text): text
        }
    }
}
