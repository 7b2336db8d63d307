import ByteIO

/// The values that a template takes from the machine and the process, the same for all keys.
package struct RenderContext: Sendable {
    /// The machine's name.
    package let host: [UInt8]
    /// The process's number.
    package let process: Int32
    /// An environment variable's value, nil if it is not set.
    package let environment: @Sendable (String) -> [UInt8]?

    package init(
        host: [UInt8], process: Int32, environment: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.host = host
        self.process = process
        self.environment = environment
    }

    /// Source: gethostname(2), getpid(2), getenv(3).
    package static var system: RenderContext {
        var name = [CChar](repeating: 0, count: 256)
        // The last byte stays NUL, because POSIX does not require one for a truncated name; Linux allows 64 bytes.
        // It can fail only for a name that is longer, and then leaves its head.
        _ = unsafe gethostname(&name, name.count - 1)
        let host = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return RenderContext(host: host, process: getpid()) { name in
            guard let value = unsafe getenv(name) else { return nil }
            return unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: strlen(value)))
        }
    }
}
