import ByteIO
import S3Core
import Testing

@testable import S3Lines

struct KeySelectionTests {
    private func object(
        _ line: String, in location: String = "s3://b/p/", shard: Shard = Shard()
    ) throws -> RequestedObject? {
        let bytes = [UInt8](line.utf8)
        return try KeySelection(try Location(location), shard: shard)
            .object(line: bytes.bytes, place: "line 7")
    }

    @Test func aKeyIsTheFieldUpToTheFirstTab() throws {
        #expect(try object("a b\tetag\t1")?.objectKey == [UInt8]("p/a b".utf8))
        #expect(try object("a\\tb\\\\")?.key == [UInt8]("a\tb\\".utf8))
        #expect(try object("")?.objectKey == [UInt8]("p/".utf8), "the prefix itself may be an object")
    }

    @Test(arguments: ["a\\x", "a\\", String(repeating: "k", count: 1023)])
    func anInvalidKeyIsMalformed(line: String) throws {
        do {
            _ = try object(line)
            Issue.record("no error")
        } catch {
            guard case .malformed(let text)? = error as? StopReason else {
                Issue.record("another error")
                return
            }
            #expect(text.hasPrefix("line 7: "))
        }
    }

    @Test func anEmptyKeyInABucketIsMalformed() {
        #expect(throws: StopReason.self) { try object("", in: "s3://b") }
    }

    @Test(arguments: [
        ("1/1", 1, 1), ("2/3", 2, 3), ("16/16", 16, 16),
    ])
    func aShardIsIOfN(text: String, number: Int, count: Int) throws {
        let shard = try #require(Shard(text))
        #expect((shard.number, shard.count) == (number, count))
    }

    @Test(arguments: [
        "", "1", "0/1", "2/1", "1/0", "-1/2", "+1/2", "1/2/3", "1/ 2", "a/b", "1/99999999999999999999",
    ])
    func otherTextIsNotAShard(text: String) { #expect(Shard(text) == nil) }

    @Test func aShardTakesKeysByTheirCRC32() {
        // CRC-32 of "123456789" is 0xCBF43926 (the check value of the catalogue of CRC algorithms).
        let key = [UInt8]("123456789".utf8)
        for number in 1...5 { #expect(Shard("\(number)/5")?.takes(key) == (number - 1 == 0xCBF4_3926 % 5)) }
    }

    @Test func aListedKeyOutsideOfThePrefixStopsTheRun() throws {
        let selection = KeySelection(try Location("s3://b/p/"))
        let inside = ListObjectsV2.Object(key: [UInt8]("p/a".utf8), size: 3)
        #expect(try selection.object(listed: inside)?.key == [UInt8]("a".utf8))
        #expect(try selection.object(listed: inside)?.known?.size == 3)
        let outside = ListObjectsV2.Object(key: [UInt8]("q/a".utf8), size: 3)
        #expect(throws: StopReason.self) { try selection.object(listed: outside) }
    }
}
