import ByteIO

/// The process's environment variables, or those of a test. An empty variable counts as unset, as in AWS's tools.
package struct Environment: Sendable {
    /// Nil for the variables of the process, which are looked up one by one, because few are needed.
    private let variables: [String: String]?

    /// Creates an environment for tests.
    package init(_ variables: [String: String]) { self.variables = variables }

    private init() { variables = nil }

    /// The variables of this process. The tools set none.
    package static let process = Environment()

    /// Source: getenv(3).
    private func text(_ name: String) -> String? {
        if let variables { return variables[name] }
        return unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// The value of the first of `names` that is set.
    package func value(_ names: String...) -> String? {
        for name in names {
            if let value = text(name), !value.isEmpty { return value }
        }
        return nil
    }

    /// True for `true` in any case, as AWS's boolean variables are written.
    package func flag(_ name: String) -> Bool { value(name)?.lowercased() == "true" }
}
