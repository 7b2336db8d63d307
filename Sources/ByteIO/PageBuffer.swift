/// Memory that starts on a page, grows on demand and is freed with its owner.
///
/// read(2) into a buffer a few bytes off a page start runs several times slower than into one on it,
/// so every block this toolkit reads lives in one of these.
@safe package struct PageBuffer: ~Copyable {
    /// The page size of x86-64 and of most arm64 systems; on larger pages only the speed is lost.
    package static let pageSize = 4096

    /// The bytes. Which of them mean anything is the owner's to know.
    package private(set) var bytes: UnsafeMutableRawBufferPointer

    /// Allocates `capacity` bytes, rounded up to whole pages. Running out of memory ends the process.
    package init(capacity: Int) {
        unsafe bytes = allocatedMemory(Self.roundedToPages(max(capacity, 1)), alignment: Self.pageSize)
    }

    deinit { unsafe free(bytes.baseAddress) }

    /// The number of bytes that fit.
    package var capacity: Int { unsafe bytes.count }

    /// Moves the bytes of `range` so that they start at `offset`, within memory that both fit.
    package func move(_ range: Range<Int>, to offset: Int) {
        guard !range.isEmpty, let base = unsafe bytes.baseAddress else { return }
        unsafe memmove(base + offset, base + range.lowerBound, range.count)
    }

    /// Copies the bytes of `range` into `target` at `offset`.
    package func copy(_ range: Range<Int>, into target: borrowing PageBuffer, at offset: Int) {
        guard !range.isEmpty, let from = unsafe bytes.baseAddress, let to = unsafe target.bytes.baseAddress
        else { return }
        unsafe memcpy(to + offset, from + range.lowerBound, range.count)
    }

    /// The smallest multiple of the page size that is not below `count`.
    package static func roundedToPages(_ count: Int) -> Int {
        (count + pageSize - 1) / pageSize * pageSize
    }
}
