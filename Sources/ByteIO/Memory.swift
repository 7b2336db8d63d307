import CProcess

/// Memory that is freed with free(3). Where there is none, the process ends.
///
/// Source: posix_memalign(3).
func allocatedMemory(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawBufferPointer {
    var address: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&address, alignment, byteCount) == 0, let address = unsafe address else {
        endForLackOfMemory(bytes: byteCount)
    }
    return unsafe UnsafeMutableRawBufferPointer(start: address, count: byteCount)
}

/// Ends the process with status 74 and one line: a library, or this one, got no memory.
///
/// - Parameter bytes: how many it asked for; 0 if it does not tell.
package func endForLackOfMemory(bytes: Int = 0) -> Never { s3_end_for_lack_of_memory(bytes) }
