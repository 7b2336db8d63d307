import ByteIO
import JSONStream
import SeparationHarness
import Testing

/// Where to continue after an invalid value.
struct ResynchronizerTests {
    @Test func continuesAcrossPieces() {
        let bytes = Array("ab\n c\n3\n{".utf8)
        for cut in 0...bytes.count {
            var search = Resynchronizer(acceptsAnyLine: false)
            let head = Array(bytes[..<cut])
            let tail = Array(bytes[cut...])
            let first = search.search(head.bytes)
            let second = first.isFound ? (0, true) : search.search(tail.bytes)
            #expect(first.skipped + second.0 == 8 && second.1)
        }
    }
}
