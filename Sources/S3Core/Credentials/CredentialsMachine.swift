package import HTTPTransfer

/// A source of credentials as a state machine without input and output: it returns the next action and takes
/// its result. It is started with `.start` each time new credentials are needed.
package protocol CredentialsMachine: Sendable {
    mutating func next(_ event: CredentialsEvent) -> CredentialsAction
}

/// The next action of a machine.
package enum CredentialsAction: Sendable {
    /// Read the file at a path.
    case read(String)
    case send(CredentialsRequest)
    /// Send the last request again after a pause, or fail if its attempts are used up.
    case again(ConfigurationError)
    /// Run a command, given as its arguments, without a shell.
    case run([String])
    case end(CredentialsOutcome)
}

/// The result of an action.
package enum CredentialsEvent: Sendable {
    case start
    /// Nil if the file does not exist.
    case file([UInt8]?)
    case response(status: Int, body: [UInt8])
    /// There was no response, for this reason.
    case noResponse(String)
    /// A command ended. The status is nil if the command does not exist.
    case output([UInt8], status: Int?)
}

/// The outcome of a machine.
package enum CredentialsOutcome: Equatable, Sendable {
    /// - source: the name of the source.
    case found(Credentials, source: String)
    /// The source has none, for this reason: the next one is tried.
    case nothing(String)
    /// The configured source failed; no other is tried.
    case failed(ConfigurationError)
}

/// A request to a credentials service.
package struct CredentialsRequest: Sendable {
    package var method = HTTPMethod.get
    package var url: String
    package var headers: [HTTPHeader] = []
    package var body: [UInt8]?
    /// True if the service is on this machine or its host: no proxy, and one second to connect.
    package var isLocal = false
    package var attempts = 3
    package var milliseconds = 30_000
    /// Secrets that no message may show.
    package var secrets: [[UInt8]] = []

    package init(_ url: String) { self.url = url }
}

/// A source whose outcome is known in advance.
struct KnownCredentials: CredentialsMachine {
    let outcome: CredentialsOutcome

    /// - Parameter reason: the reason to give if there are none.
    init(_ source: some CredentialsSource, reason: String) {
        do {
            outcome = try source.credentials().map { .found($0, source: source.place) } ?? .nothing(reason)
        } catch { outcome = .failed(error) }
    }

    /// A source whose settings are invalid.
    init(failure: ConfigurationError) { outcome = .failed(failure) }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction { .end(outcome) }
}

extension CredentialsAction {
    static func nothing(_ reason: String) -> Self { .end(.nothing(reason)) }
    static func missing(_ reason: String) -> Self { .end(.failed(.missingCredentials(reason))) }
}
