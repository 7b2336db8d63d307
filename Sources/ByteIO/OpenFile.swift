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
        try OpenFile(path, flags: O_RDONLY)
    }

    /// Opens a file to write behind its end, and makes it if there is none.
    package static func appending(_ path: String) throws(SystemError) -> OpenFile {
        try OpenFile(path, flags: O_WRONLY | O_APPEND | O_CREAT)
    }

    deinit { close(descriptor) }
}
