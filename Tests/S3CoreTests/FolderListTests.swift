import HTTPTransfer
import S3Core
import Testing

/// Listings with a delimiter.
@Suite struct FolderListTests {
    @Test func objectsAndCommonPrefixesAreInOneOrder() throws {
        let page = try page(objects: ["a", "b-", "d"], prefixes: ["b/", "c/", "e/"])
        #expect(
            page.objects.map { String(decoding: $0.key, as: UTF8.self) } == [
                "a", "b-", "b/", "c/", "d", "e/",
            ])
        #expect(page.objects.map(\.isCommonPrefix) == [false, false, true, true, false, true])
    }

    @Test func aRepeatedCommonPrefixIsListedOnce() throws {
        #expect(
            try keys([
                page(objects: [], prefixes: ["a/"], token: "1"), page(objects: ["b"], prefixes: ["a/"]),
            ]) == ["a/", "b"])
    }

    @Test func aPageOfOnlyCommonPrefixesIsNotEmpty() throws {
        let pages = try (0..<20).map { try page(objects: [], prefixes: ["\(100 + $0)/"], token: "t\($0)") }
        #expect(try keys(pages + [page(objects: [], prefixes: ["zz/"])]).count == 21)
    }

    /// A common prefix is listed if any of its keys is after `start-after`, even if the prefix itself is not.
    @Test func aRangeMayStartInsideACommonPrefix() throws {
        let page = try page(objects: ["a0", "c"], prefixes: ["a/", "b/", "d/"])
        #expect(try keys([page], after: "a/5", before: "d") == ["a/", "a0", "b/", "c"])
        #expect(try keys([page], after: "a/", before: "c") == ["a0", "b/"])
        #expect(try keys([page], after: "b/x") == ["b/", "c", "d/"])
    }

    @Test func aServiceWithAnotherOrderIsListedToItsEnd() throws {
        let pages = try [
            page(objects: ["a", "d", "b"], prefixes: [], token: "1"),
            page(objects: ["e"], prefixes: ["c/"], token: "2"), page(objects: ["a-"], prefixes: []),
        ]
        #expect(try keys(pages, before: "d") == ["a", "b", "c/", "a-"])
    }

    @Test func aRepeatedKeyIsListedOnce() throws {
        let pages = try [
            page(objects: ["a"], prefixes: [], token: "1"), page(objects: ["a", "b"], prefixes: []),
        ]
        #expect(try keys(pages) == ["a", "b"])
    }

    private func keys(_ pages: [ListObjectsV2.Page], after: String? = nil, before: String? = nil) throws
        -> [String]
    {
        var list = FolderList(
            prefix: [], delimiter: [UInt8]("/".utf8), startAfter: after.map { [UInt8]($0.utf8) },
            endBefore: before.map { [UInt8]($0.utf8) })
        var keys: [String] = []
        var rest = pages[...]
        while !list.isAtEnd {
            for request in list.requests(free: 8) {
                list.received(
                    request.number, rest.popFirst().map { .success($0) } ?? .failure(S3Error(.notS3, "")))
            }
            while let objects = try list.next() {
                keys += objects.map { String(decoding: $0.key, as: UTF8.self) }
            }
        }
        return keys
    }

    private func page(objects: [String], prefixes: [String], token: String? = nil) throws
        -> ListObjectsV2.Page
    {
        let body =
            "<ListBucketResult><Prefix>no</Prefix><IsTruncated>\(token != nil)</IsTruncated>"
            + (token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? "")
            + objects.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
            + prefixes.map { "<CommonPrefixes><Prefix>\($0)</Prefix></CommonPrefixes>" }.joined()
            + "</ListBucketResult>"
        return try ListObjectsV2(prefix: [], delimiter: [47]).output(
            S3Response(head: HTTPResponseHead(status: 200), body: [UInt8](body.utf8)))
    }
}
