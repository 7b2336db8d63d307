/// A descriptor and the event to wait for.
package struct DescriptorWait: Equatable, Sendable {
    package let descriptor: CInt
    /// True to wait until it is writable, false to wait until it is readable.
    package let isWrite: Bool

    private init(_ descriptor: CInt, isWrite: Bool) {
        self.descriptor = descriptor
        self.isWrite = isWrite
    }

    /// Waits until a read would not block: bytes, end of file, or an error.
    package static func read(_ descriptor: CInt) -> DescriptorWait { .init(descriptor, isWrite: false) }

    /// Waits until a write would not block, or fails.
    package static func write(_ descriptor: CInt) -> DescriptorWait { .init(descriptor, isWrite: true) }

    /// The structure for poll(2).
    package var request: pollfd {
        pollfd(fd: descriptor, events: Int16(isWrite ? POLLOUT : POLLIN), revents: 0)
    }
}
