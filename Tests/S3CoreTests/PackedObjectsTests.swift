import Randomness
import Testing

@testable import S3Core

/// Packing and unpacking of the objects of a page.
@Suite struct PackedObjectsTests {
    @Test(arguments: KeyShape.allCases)
    func theSameObjectsComeOut(shape: KeyShape) {
        var random = SplitMix64(seed: 3)
        let objects = shape.keys(2000, &random).prefix(1000).map { key in
            let isPrefix = Int.random(in: 0..<10, using: &random) == 0
            let details = ListObjectsV2.Details(
                etag: Self.tags.randomElement(using: &random) ?? [],
                lastModified: [UInt8]("2026-01-02T03:04:\(Int.random(in: 10...59, using: &random)).000Z".utf8)
            )
            let size = [0, 1, 127, 128, 1 << 40, Int.max].randomElement(using: &random) ?? 0
            return ListObjectsV2.Object(
                key: key, size: isPrefix ? 0 : size, details: Bool.random(using: &random) ? details : nil,
                isCommonPrefix: isPrefix)
        }
        let packed = PackedObjects(objects)
        #expect(packed.objects == objects && packed.count == objects.count)
    }

    /// Keys in any order, also those that begin alike or are the same.
    @Test func anyKeysComeOut() {
        let keys =
            ["", "a", "ab", "a", "a", "b", "", "\u{10FFFF}", "\u{10FFFE}x"].map { [UInt8]($0.utf8) } + [
                [0xFF], [0],
            ]
        let objects = keys.map { ListObjectsV2.Object(key: $0, size: 5) }
        #expect(PackedObjects(objects).objects == objects)
        #expect(PackedObjects([]).objects.isEmpty)
    }

    @Test(arguments: [(KeyShape.uuid, 34), (.counter, 7), (.dates, 20), (.deep, 20), (.trail, 40)])
    func theyTakeLittleMemory(shape: KeyShape, most: Int) {
        var random = SplitMix64(seed: 3)
        let objects = shape.keys(20_000, &random).prefix(1000).map { ListObjectsV2.Object(key: $0, size: 9) }
        #expect(PackedObjects([ListObjectsV2.Object](objects)).size <= most * 1000 + 200)
    }

    private static let tags = ["", "\"e\"", "\"d41d8cd98f00b204e9800998ecf8427e-2\""].map { [UInt8]($0.utf8) }
}
