/// The pipe capacity to request, in bytes: the default maximum for unprivileged processes.
///
/// Source: pipe(7), `/proc/sys/fs/pipe-max-size`.
package let widePipeCapacity = 1 << 20

/// Enlarges the pipe at `descriptor`, so that both sides switch less often. Does nothing if it is not a pipe
/// or the system refuses.
///
/// Source: fcntl(2), F_SETPIPE_SZ.
package func widenPipe(_ descriptor: CInt) {
    #if os(Linux)
        // F_SETPIPE_SZ, which the headers define only with _GNU_SOURCE.
        let setPipeSize: CInt = 1031
        _ = fcntl(descriptor, setPipeSize, CInt(widePipeCapacity))
    #endif
}
