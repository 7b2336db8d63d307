/// Restores for started commands what this process has changed for itself.
package struct CommandSettings: Sendable {
    package var ignoresPipeSignal = false
    package var limits = FoundLimits()
    /// The descriptors that this process inherited and passes on to commands; nil changes no descriptors.
    package var descriptors: Set<CInt>?

    package init() {}

    /// Applies the settings while `body` starts a command: sets the limits, and marks descriptors that
    /// libraries have opened as close-on-exec.
    ///
    /// Some libraries open sockets that commands would inherit. Only the thread that starts commands opens
    /// descriptors, so this has no race.
    func applied<Result>(_ body: () -> Result) -> Result {
        if let descriptors {
            for descriptor in openDescriptors() where descriptor > STDERR_FILENO {
                // It can fail only for a descriptor that is not open, which no command can have.
                if !descriptors.contains(descriptor) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            }
        }
        return limits.restored(body)
    }
}

/// The descriptors that a command started now would inherit, including the standard ones.
package func inheritableDescriptors() -> Set<CInt> {
    Set(openDescriptors().filter { fcntl($0, F_GETFD) & FD_CLOEXEC == 0 })
}

/// All descriptors of this process. Source: proc(5), `/proc/PID/fd`, which `/dev/fd` is a link to.
private func openDescriptors() -> [CInt] {
    guard let directory = unsafe opendir("/dev/fd") else {
        // Without /proc: tries all possible descriptors.
        return (0..<CInt(clamping: min(4096, sysconf(CInt(_SC_OPEN_MAX))))).filter { fcntl($0, F_GETFD) >= 0 }
    }
    // The directory was only read: closing it cannot lose anything.
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
