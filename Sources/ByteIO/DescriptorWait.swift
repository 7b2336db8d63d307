/// What is waited for of a descriptor.
package struct DescriptorWait: Equatable, Sendable {
    package let descriptor: CInt
    /// Whether it is to be written to; else it is to be read.
    package let isWrite: Bool

    private init(_ descriptor: CInt, isWrite: Bool) {
        self.descriptor = descriptor
        self.isWrite = isWrite
    }

    /// Until a read returns at once: bytes, the end, or an error.
    package static func read(_ descriptor: CInt) -> DescriptorWait { .init(descriptor, isWrite: false) }

    /// Until a write takes something at once, or fails.
    package static func write(_ descriptor: CInt) -> DescriptorWait { .init(descriptor, isWrite: true) }

    /// As poll(2) takes it.
    package var request: pollfd {
        pollfd(fd: descriptor, events: Int16(isWrite ? POLLOUT : POLLIN), revents: 0)
    }
}
