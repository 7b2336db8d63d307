import CProcess

/// A terminal that may show progress.
package struct Terminal: Sendable {
    private let descriptor: CInt

    /// Nil if the descriptor is not a terminal.
    package init?(descriptor: CInt) {
        guard isatty(descriptor) == 1 else { return nil }
        self.descriptor = descriptor
    }

    /// Whether the process is in the terminal's foreground process group: background processes must not draw.
    /// False if the terminal does not control the process. Source: tcgetpgrp(3).
    package var isForeground: Bool { tcgetpgrp(descriptor) == getpgrp() }

    /// The current width in characters; 80 if it is not known.
    package var columns: Int {
        let columns = Int(s3_terminal_columns(descriptor))
        return columns > 0 ? columns : 80
    }
}

/// True if a descriptor is a file or a device without a display, such as /dev/null.
package func isFileOrNull(_ descriptor: CInt) -> Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return true
    case S_IFCHR: return isatty(descriptor) == 0
    default: return false
    }
}

/// The read position of a descriptor that may be a file; nil if it is not one.
///
/// - Returns: the offset of the next byte, and the size, in bytes.
package func filePosition(_ descriptor: CInt) -> (offset: Int, size: Int)? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let offset = lseek(descriptor, 0, SEEK_CUR)
    return offset < 0 ? nil : (Int(offset), Int(status.st_size))
}
