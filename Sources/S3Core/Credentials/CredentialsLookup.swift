/// The sources of credentials, in order; the first that has credentials is used.
package struct CredentialsLookup: CredentialsMachine {
    private let machines: [any CredentialsMachine]
    private var current: any CredentialsMachine = NoCredentials()
    private var rest: ArraySlice<any CredentialsMachine> = []
    private var reasons: [String] = []
    /// Whether this lookup is part of another source, which then reports that no credentials were found.
    private let isPart: Bool

    package init(_ machines: [any CredentialsMachine]) {
        self.machines = machines
        isPart = false
    }

    /// The sources of a profile whose credentials another source needs.
    init(sourcesOfProfile machines: [any CredentialsMachine]) {
        self.machines = machines
        isPart = true
    }

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
                let found = reasons.joined(separator: "; ")
                return isPart ? .nothing(found) : .missing(Self.message(found))
            }
            current = following
            event = .start
        }
    }

    private static func message(_ reasons: String) -> String {
        "no credentials: " + reasons
            + "; if the AWS command line has credentials, run: "
            + "eval \"$(aws configure export-credentials --format env)\""
    }
}

/// A source without credentials.
private struct NoCredentials: CredentialsMachine {
    mutating func next(_ event: CredentialsEvent) -> CredentialsAction { .end(.nothing("")) }
}
