/// What commands are started with where this process has changed it for itself: as it was found.
package struct CommandSettings: Sendable {
    package var ignoresPipeSignal = false
    package var limits = FoundLimits()
    /// Descriptors that others of this process's ancestors left open for its commands; nil leaves every descriptor
    /// as it is.
    package var descriptors: Set<CInt>?

    package init() {}

    /// Sets the limits, and hides the descriptors that libraries have opened, while `body` starts a command.
    ///
    /// There are libraries whose sockets stay open in commands. Only the thread that starts commands opens any, so
    /// nothing comes between.
    func applied<Result>(_ body: () -> Result) -> Result {
        if let descriptors {
            for descriptor in openDescriptors() where descriptor > STDERR_FILENO {
                if !descriptors.contains(descriptor) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            }
        }
        return limits.restored(body)
    }
}

/// The descriptors that a command started now would have, standard ones included.
package func inheritableDescriptors() -> Set<CInt> {
    Set(openDescriptors().filter { fcntl($0, F_GETFD) & FD_CLOEXEC == 0 })
}

/// All descriptors of this process. Source: proc(5), `/proc/PID/fd`, which `/dev/fd` is a link to.
private func openDescriptors() -> [CInt] {
    guard let directory = unsafe opendir("/dev/fd") else {
        // Without /proc: those that there may be.
        return (0..<CInt(clamping: min(4096, sysconf(CInt(_SC_OPEN_MAX))))).filter { fcntl($0, F_GETFD) >= 0 }
    }
    defer { unsafe closedir(directory) }
    var found: [CInt] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let own = unsafe dirfd(directory)
        if let descriptor = CInt(name), descriptor != own { found.append(descriptor) }
    }
    return found
}
