package import HTTPTransfer

/// A place where credentials may be found, as a machine without input and output: it says what it wants next
/// and is told what came of it. Whatever runs it starts it with `.start`, as often as new ones are wanted.
package protocol CredentialsMachine: Sendable {
    mutating func next(_ event: CredentialsEvent) -> CredentialsAction
}

/// What a machine wants.
package enum CredentialsAction: Sendable {
    /// The bytes of the file at a path.
    case read(String)
    case send(CredentialsRequest)
    /// Run a command, given as its words, without a shell.
    case run([String])
    case end(CredentialsOutcome)
}

/// What came of it.
package enum CredentialsEvent: Sendable {
    case start
    /// Nil if there is no such file.
    case file([UInt8]?)
    case response(status: Int, body: [UInt8])
    /// No response came, for this reason.
    case noResponse(String)
    /// A command ended. Nil if it could not be started, since there is none by that name.
    case output([UInt8], status: Int?)
}

/// What a machine has found.
package enum CredentialsOutcome: Equatable, Sendable {
    /// - source: the place, in words.
    case found(Credentials, source: String)
    /// The place has none, for this reason: the next one may have some.
    case nothing(String)
    /// The place is the one that was chosen, and gave none.
    case failed(ConfigurationError)
}

/// One request to a service that gives credentials.
package struct CredentialsRequest: Sendable {
    package var method = HTTPMethod.get
    package var url: String
    package var headers: [HTTPHeader] = []
    package var body: [UInt8]?
    /// The service is this machine or its host: no proxy, and a second to connect.
    package var isLocal = false
    package var attempts = 3
    package var milliseconds = 30_000
    /// What no message may show.
    package var secrets: [[UInt8]] = []

    package init(_ url: String) { self.url = url }
}

/// The places where credentials are looked for, in order; the first that has some decides.
package struct CredentialsLookup: CredentialsMachine {
    private let machines: [any CredentialsMachine]
    private var current: any CredentialsMachine = NoCredentials()
    private var rest: ArraySlice<any CredentialsMachine> = []
    private var reasons: [String] = []

    package init(_ machines: [any CredentialsMachine]) { self.machines = machines }

    package mutating func next(_ event: CredentialsEvent) -> CredentialsAction {
        var event = event
        if case .start = event {
            rest = machines[...]
            reasons = []
            current = rest.popFirst() ?? NoCredentials()
        }
        while true {
            let action = current.next(event)
            guard case .end(.nothing(let reason)) = action else { return action }
            if !reason.isEmpty { reasons.append(reason) }
            guard let following = rest.popFirst() else {
                return .end(.failed(.missingCredentials(message)))
            }
            current = following
            event = .start
        }
    }

    private var message: String {
        "no credentials: " + reasons.joined(separator: "; ")
            + "; if the AWS command line has some: eval \"$(aws configure export-credentials --format env)\""
    }
}

/// A place with nothing in it.
private struct NoCredentials: CredentialsMachine {
    mutating func next(_ event: CredentialsEvent) -> CredentialsAction { .end(.nothing("")) }
}

/// Keys that are known, or known not to be there.
struct KnownCredentials: CredentialsMachine {
    let outcome: CredentialsOutcome

    /// - Parameter reason: what is said if there are none.
    init(_ source: some CredentialsSource, reason: String) {
        do {
            outcome = try source.credentials().map { .found($0, source: source.place) } ?? .nothing(reason)
        } catch { outcome = .failed(error) }
    }

    mutating func next(_ event: CredentialsEvent) -> CredentialsAction { .end(outcome) }
}

extension CredentialsAction {
    static func nothing(_ reason: String) -> Self { .end(.nothing(reason)) }
    static func missing(_ reason: String) -> Self { .end(.failed(.missingCredentials(reason))) }
}
