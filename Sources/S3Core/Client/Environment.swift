import ByteIO

/// The process's environment variables, read once. An empty variable counts as unset, as in AWS's tools.
package struct Environment: Sendable {
    private let variables: [String: String]

    /// Creates an environment for tests.
    package init(_ variables: [String: String]) { self.variables = variables }

    /// The variables of this process. Source: environ(7).
    package static var process: Environment {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                variables[String(text[..<equals])] = String(text[text.utf8.index(after: equals)...])
            }
            unsafe next += 1
        }
        return Environment(variables)
    }

    /// The value of the first of `names` that is set.
    package func value(_ names: String...) -> String? {
        for name in names {
            if let value = variables[name], !value.isEmpty { return value }
        }
        return nil
    }

    /// True for `true` in any case, as AWS's boolean variables are written.
    package func flag(_ name: String) -> Bool { value(name)?.lowercased() == "true" }
}
