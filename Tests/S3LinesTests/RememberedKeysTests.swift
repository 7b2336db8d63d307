import ByteIO
import S3Core
import S3Lines
import Testing

@Suite struct RememberedKeysTests {
    @Test func onlyTheLastKeysAreRemembered() {
        let capacity = 1000
        var keys = RememberedKeys(capacity: capacity)
        let digests = (0..<20 * capacity).map { KeyDigest([UInt8]("key-\($0)".utf8)) }
        for (index, digest) in digests.enumerated() {
            #expect(!keys.contains(digest))
            keys.insert(digest)
            #expect(keys.count == min(index + 1, capacity))
            #expect(keys.contains(digests[max(0, index - capacity + 1)]))
            if index >= capacity { #expect(!keys.contains(digests[index - capacity])) }
        }
        #expect(digests.suffix(capacity).allSatisfy { keys.contains($0) })
        #expect(!digests.dropLast(capacity).contains { keys.contains($0) })
    }

    @Test func theDefaultIsAtLeastAMillion() { #expect(RememberedKeys.defaultCapacity >= 1_000_000) }
}
