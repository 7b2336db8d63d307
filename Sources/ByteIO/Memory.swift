import CProcess

/// Allocates memory to be freed with free(3). Ends the process if there is none.
///
/// Source: posix_memalign(3).
func allocatedMemory(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawBufferPointer {
    var address: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&address, alignment, byteCount) == 0, let address = unsafe address else {
        endForLackOfMemory(bytes: byteCount)
    }
    return unsafe UnsafeMutableRawBufferPointer(start: address, count: byteCount)
}

/// Ends the process with status 74 and a one-line message because memory ran out here or in a library.
///
/// - Parameter bytes: the number of bytes requested; 0 if unknown.
package func endForLackOfMemory(bytes: Int = 0) -> Never { s3_end_for_lack_of_memory(bytes) }
