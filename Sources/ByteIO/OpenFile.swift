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

/// True if `path` names the regular file that `descriptor` has open. Source: stat(2).
package func isRegularFile(_ path: String, openAs descriptor: CInt) -> Bool {
    var named = stat()
    var opened = stat()
    guard unsafe stat(path, &named) == 0, unsafe fstat(descriptor, &opened) == 0 else { return false }
    return named.st_mode & S_IFMT == S_IFREG && named.st_dev == opened.st_dev
        && named.st_ino == opened.st_ino
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
