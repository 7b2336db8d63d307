/// How many bytes a pipe may hold: the most that a process without privileges may ask for by default.
///
/// Source: pipe(7), `/proc/sys/fs/pipe-max-size`.
package let widePipeCapacity = 1 << 20

/// Makes room in the pipe that `descriptor` is an end of, so that both sides work in longer turns.
/// Does nothing to what is no pipe, and where the system refuses.
///
/// Source: fcntl(2), F_SETPIPE_SZ.
package func widenPipe(_ descriptor: CInt) {
    #if os(Linux)
        // F_SETPIPE_SZ, which headers show to GNU sources only.
        let setPipeSize: CInt = 1031
        _ = fcntl(descriptor, setPipeSize, CInt(widePipeCapacity))
    #endif
}
