/// What is wrong with what the user has set, found before anything is sent.
package enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A bad environment variable, profile, region or endpoint; the text names it.
    case invalid(String)
    /// No credentials, or half of them; the text says where they were looked for.
    case missingCredentials(String)

    package var description: String {
        switch self {
        case .invalid(let text), .missingCredentials(let text): text
        }
    }
}
