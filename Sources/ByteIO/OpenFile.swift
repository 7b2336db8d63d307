/// A file that was opened by its path, and is closed with its owner.
///
/// Source: open(2).
package struct OpenFile: ~Copyable {
    package let descriptor: CInt
    /// The path, as messages name the file.
    package let name: String

    init(_ path: String, descriptor: CInt) {
        name = path
        self.descriptor = descriptor
    }

    /// Opens a file to read it. That of a FIFO waits for one who writes, or for a signal.
    ///
    /// - Throws: EINTR if one of `signals` has arrived, which is left for `pending` to tell.
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

    /// Opens a regular file to read it, which does not wait.
    package static func readingRegularFile(_ path: String) throws(SystemError) -> OpenFile {
        OpenFile(path, descriptor: try restarting(path) { unsafe open(path, O_RDONLY | O_CLOEXEC) })
    }

    /// Opens a file to write after its end, and makes it if there is none.
    package static func appending(_ path: String) throws(SystemError) -> OpenFile {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
        return OpenFile(path, descriptor: try restarting(path) { unsafe open(path, flags, 0o666) })
    }

    /// Opens a file to write it from its start, and makes it if there is none.
    package static func emptied(_ path: String) throws(SystemError) -> OpenFile {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        return OpenFile(path, descriptor: try restarting(path) { unsafe open(path, flags, 0o666) })
    }

    /// All bytes from here to the end.
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
