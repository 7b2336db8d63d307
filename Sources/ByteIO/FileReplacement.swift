/// Replaces a file atomically: after a crash it has either the old or the new content.
///
/// The new content is written to a file in the same directory, synced and renamed; then the directory is
/// synced to make the rename durable. Source: rename(2), fsync(2).
package struct FileReplacement: Sendable {
    /// The path for messages.
    package let path: String
    /// The file itself, if `path` is a symbolic link.
    private let target: String

    package init(_ path: String) {
        self.path = path
        target = Self.withoutLinks(path)
    }

    /// Source: realpath(3).
    private static func withoutLinks(_ path: String) -> String {
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// True if the path exists but is not a regular file: a directory, a device, a pipe.
    package var isSomethingElse: Bool {
        var status = stat()
        return unsafe stat(target, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }

    /// The content of the file; nil if it does not exist but its directory does.
    ///
    /// - Throws: EFBIG if the file exceeds `limit` bytes.
    package func contents(limit: Int) throws(SystemError) -> [UInt8]? {
        do { return try OpenFile.reading(target).contents(limit: limit) } catch {
            guard error.code == ENOENT else { throw SystemError(path, code: error.code) }
        }
        _ = try directory()
        return nil
    }

    /// Replaces the content.
    package func replace(by content: [UInt8]) throws(SystemError) {
        let aside = target + ".new"
        // Fails if it is something else than a file of ours, which is then kept.
        let file = try OpenFile.emptied(aside)
        do {
            var status = stat()
            // The result is ignored: where modes cannot be set, the file keeps those of a new file.
            if unsafe stat(target, &status) == 0 { _ = fchmod(file.descriptor, status.st_mode & 0o7777) }
            try writeAll(content.bytes, to: file.descriptor, name: aside)
            _ = try restarting(aside) { fsync(file.descriptor) }
            _ = try restarting(path) { unsafe rename(aside, target) }
        } catch {
            // A file that is left here is overwritten by the next run; the first error is the one to report.
            _ = unsafe unlink(aside)
            throw error
        }
        // A name of its own keeps it open.
        let directory = try directory()
        try syncIfPossible(directory.descriptor, name: path)
    }

    private func directory() throws(SystemError) -> OpenFile {
        let name = target.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(target[..<$0]) + "/" } ?? "."
        do { return try OpenFile.reading(name) } catch {
            throw SystemError(path, code: error.code)
        }
    }
}

/// Makes what was written to a file or a directory durable. Not every file system can do that, and a pipe cannot.
///
/// - Throws: if written data is lost or has no room. Source: fsync(2), ERRORS.
package func syncIfPossible(_ descriptor: CInt, name: String) throws(SystemError) {
    do { _ = try restarting(name) { fsync(descriptor) } } catch {
        if [EIO, ENOSPC, EDQUOT].contains(error.code) { throw error }
    }
}
