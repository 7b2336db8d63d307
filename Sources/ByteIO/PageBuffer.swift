/// Page-aligned memory that grows on demand and is freed with its owner.
///
/// read(2) into an unaligned buffer is several times slower than into a page-aligned one, so all blocks are
/// read into these buffers.
@safe package struct PageBuffer: ~Copyable {
    /// The page size of x86-64 and most arm64 systems; larger pages only make it slower.
    package static let pageSize = 4096

    /// The memory; its owner keeps track of the valid bytes.
    package private(set) var bytes: UnsafeMutableRawBufferPointer

    /// Allocates `capacity` bytes, rounded up to whole pages. Ends the process if there is no memory.
    package init(capacity: Int) {
        unsafe bytes = allocatedMemory(Self.roundedToPages(max(capacity, 1)), alignment: Self.pageSize)
    }

    deinit { unsafe free(bytes.baseAddress) }

    /// The size in bytes.
    package var capacity: Int { unsafe bytes.count }

    /// Moves the bytes of `range` to `offset`; both must be within the memory.
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

    /// `count` rounded up to a multiple of the page size.
    package static func roundedToPages(_ count: Int) -> Int {
        (count + pageSize - 1) / pageSize * pageSize
    }
}
