/// An open file; closed when its owner is destroyed.
///
/// Source: open(2).
package struct OpenFile: ~Copyable {
    package let descriptor: CInt
    /// The path, for messages.
    package let name: String

    init(_ path: String, descriptor: CInt) {
        name = path
        self.descriptor = descriptor
    }

    /// Opens a file for reading. For a FIFO this waits for a writer or a signal.
    ///
    /// - Throws: EINTR if one of `signals` has arrived; `pending` still returns it.
    package static func reading(
        _ path: String, signals: borrowing SignalPipe
    ) throws(SystemError) -> OpenFile {
        while true {
            if signals.hasArrived { throw SystemError(path, code: EINTR) }
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            if descriptor >= 0 { return OpenFile(path, descriptor: descriptor) }
            let code = errno
            if code != EINTR { throw SystemError(path, code: code, isMissingInput: code == ENOENT) }
        }
    }

    /// Opens a file or directory, which is not a FIFO, for reading.
    package static func reading(_ path: String) throws(SystemError) -> OpenFile {
        OpenFile(path, descriptor: try restarting(path) { unsafe open(path, O_RDONLY | O_CLOEXEC) })
    }

    /// Opens a file for appending; creates it if it does not exist.
    package static func appending(_ path: String) throws(SystemError) -> OpenFile {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
        return OpenFile(path, descriptor: try restarting(path) { unsafe open(path, flags, 0o666) })
    }

    /// Opens a file for writing and truncates it; creates it if it does not exist.
    package static func emptied(_ path: String) throws(SystemError) -> OpenFile {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        return OpenFile(path, descriptor: try restarting(path) { unsafe open(path, flags, 0o666) })
    }

    /// Reads all bytes from the current offset to the end.
    ///
    /// - Throws: EFBIG if there are more than `limit`.
    package func contents(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = try restarting(name) { unsafe read(descriptor, &block, block.count) }
            if count == 0 { return bytes }
            bytes += block[..<count]
            if bytes.count > limit { throw SystemError(name, code: EFBIG) }
        }
    }

    deinit { close(descriptor) }
}

/// True if `path` names a regular file. Source: stat(2).
package func isRegularFile(_ path: String) -> Bool {
    var named = stat()
    return unsafe stat(path, &named) == 0 && named.st_mode & S_IFMT == S_IFREG
}

/// Makes sure that descriptors 0, 1 and 2 are open, so that no file or socket opened later becomes standard
/// output by accident. A closed one (`>&-`) is opened in the opposite direction, so that using it fails.
package func openMissingStandardDescriptors() {
    for (descriptor, flags) in [
        (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(descriptor, F_GETFD) < 0 {
        // open(2) returns the lowest free number, which is the missing one. If it fails, the descriptor stays closed
        // and its first use reports that.
        _ = unsafe open("/dev/null", flags)
    }
}
