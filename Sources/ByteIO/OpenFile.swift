/// A file that was opened by its path, and is closed with its owner.
///
/// Source: open(2).
package struct OpenFile: ~Copyable {
    package let descriptor: CInt
    /// The path, as messages name the file.
    package let name: String

    private init(_ path: String, flags: CInt) throws(SystemError) {
        name = path
        descriptor = try restarting(path) { unsafe open(path, flags | O_CLOEXEC, 0o666) }
    }

    /// Opens a file to read it.
    package static func reading(_ path: String) throws(SystemError) -> OpenFile {
        do { return try OpenFile(path, flags: O_RDONLY) } catch {
            throw SystemError(path, code: error.code, isMissingInput: error.code == ENOENT)
        }
    }

    /// Opens a file to write behind its end, and makes it if there is none.
    package static func appending(_ path: String) throws(SystemError) -> OpenFile {
        try OpenFile(path, flags: O_WRONLY | O_APPEND | O_CREAT)
    }

    deinit { close(descriptor) }
}

/// Makes sure that descriptors 0, 1 and 2 are taken, so that no file or socket that is opened later becomes
/// standard output by accident. One that was closed (`>&-`) is opened the wrong way round: using it fails.
package func openMissingStandardDescriptors() {
    for (descriptor, flags) in [
        (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(descriptor, F_GETFD) < 0 {
        // The lowest free number is the one that is missing.
        _ = unsafe open("/dev/null", flags)
    }
}
