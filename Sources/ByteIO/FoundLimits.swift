/// The original values of resource limits that this process has changed for itself, for commands that it
/// starts.
///
/// Source: setrlimit(2).
package struct FoundLimits: Sendable {
    private struct Found: Sendable {
        let resource: __rlimit_resource_t
        var limit: rlimit
    }

    private var found: [Found] = []

    package init() {}

    /// The current limit of a resource; nil if the system does not report it.
    package static func current(_ resource: __rlimit_resource) -> rlimit? {
        var limit = rlimit()
        return unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 ? limit : nil
    }

    /// Sets the limit of a resource and remembers the original one.
    package mutating func set(_ resource: __rlimit_resource, to limit: rlimit) {
        guard let before = Self.current(resource) else { return }
        let kind = __rlimit_resource_t(resource.rawValue)
        var limit = limit
        guard unsafe setrlimit(kind, &limit) == 0, !found.contains(where: { $0.resource == kind }) else {
            return
        }
        found.append(Found(resource: kind, limit: before))
    }

    /// Calls `body` with the original limits in force.
    package func restored<Result>(_ body: () -> Result) -> Result {
        let own = found.map { Self.exchange($0) }
        defer { for limit in own { _ = Self.exchange(limit) } }
        return body()
    }

    /// Sets a limit.
    ///
    /// - Returns: the previous limit.
    private static func exchange(_ new: Found) -> Found {
        var before = rlimit()
        var limit = new.limit
        // Neither call can fail: `set` made both for this resource, and soft limits below the hard one are always
        // allowed.
        _ = unsafe getrlimit(new.resource, &before)
        _ = unsafe setrlimit(new.resource, &limit)
        return Found(resource: new.resource, limit: before)
    }
}
