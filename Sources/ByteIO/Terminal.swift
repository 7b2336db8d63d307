import CProcess

/// A terminal that somebody may look at.
package struct Terminal: Sendable {
    private let descriptor: CInt

    /// Nil if the descriptor is no terminal.
    package init?(descriptor: CInt) {
        guard isatty(descriptor) == 1 else { return nil }
        self.descriptor = descriptor
    }

    /// Whether the process belongs to what the shell has put into the foreground: what runs in the background must
    /// not draw over it. False for a terminal that does not control the process. Source: tcgetpgrp(3).
    package var isForeground: Bool { tcgetpgrp(descriptor) == getpgrp() }

    /// How many characters a line has now; 80 if that is not known.
    package var columns: Int {
        let columns = Int(s3_terminal_columns(descriptor))
        return columns > 0 ? columns : 80
    }
}

/// True if a descriptor is a file, or a device that shows nothing, as /dev/null.
package func isFileOrNull(_ descriptor: CInt) -> Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return true
    case S_IFCHR: return isatty(descriptor) == 0
    default: return false
    }
}

/// Where a file is read that may be standard input; nil for what is no file.
///
/// - Returns: the offset of the next byte, and the size, in bytes.
package func filePosition(_ descriptor: CInt) -> (offset: Int, size: Int)? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let offset = lseek(descriptor, 0, SEEK_CUR)
    return offset < 0 ? nil : (Int(offset), Int(status.st_size))
}
