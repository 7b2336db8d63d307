import HTTPTransfer
import S3Core
import Testing

/// Listings of many pages, and services whose listings never end.
@Suite struct ObjectListingTests {
    @Test func tokensLinkThePages() throws {
        var listing = ObjectListing(prefix: [])
        #expect(listing.next() != nil)
        #expect(listing.next() == nil, "one page at a time")
        try listing.received(page(["a", "b"], token: "1"))
        #expect(listing.next() != nil)
        try listing.received(page(["c"], token: nil))
        #expect(listing.isAtEnd && listing.next() == nil)
    }

    @Test(arguments: [
        (["c", "b"], ["c"]), (["b", "c"], ["c"]), (["a"], []), (["c", "a", "d"], ["c", "d"]),
        (["c", "c"], ["c"]),
        (["d", "c", "d", "b", "e", "c"], ["d", "c", "e"]),
    ])
    func aRepeatedKeyIsListedOnce(keys: [String], fresh: [String]) throws {
        var listing = ObjectListing(prefix: [])
        try listing.received(page(["a", "b"], token: "1"))
        let page = try listing.received(page(keys, token: nil))
        #expect(page.objects.map { String(decoding: $0.key, as: UTF8.self) } == fresh)
    }

    /// Some services start each page with the last key of the previous one.
    @Test func pagesMayOverlap() throws {
        var listing = ObjectListing(prefix: [])
        var keys: [[UInt8]] = []
        for number in 0..<50 {
            let page = try page([number, number + 1].map { String(100 + $0) }, token: "\(number)")
            keys += try listing.received(page).objects.map(\.key)
        }
        keys += try listing.received(page(["150"], token: nil)).objects.map(\.key)
        #expect(keys.map { String(decoding: $0, as: UTF8.self) } == (100...150).map(String.init))
    }

    @Test func pagesWithoutNewKeysAreALoop() throws {
        var listing = ObjectListing(prefix: [])
        try listing.received(page(["b", "a"], token: "1"))
        refused { try listing.received(page(["a", "b"], token: "2")) }
        var other = ObjectListing(prefix: [])
        for keys in [["b", "c"], ["a", "d"]] { try other.received(page(keys, token: keys[0])) }
        refused { try other.received(page(["b", "e"], token: nil)) }
    }

    /// Some services do not list in byte order.
    @Test func theOrderOfKeysDoesNotMatter() throws {
        var listing = ObjectListing(prefix: [])
        try listing.received(page(["b", "a"], token: "1"))
        try listing.received(page(["d", "c"], token: nil))
    }

    @Test func repeatedTokensAreAnError() throws {
        var listing = ObjectListing(prefix: [])
        for number in 0..<100 { try listing.received(page(["\(number)"], token: "t\(number)")) }
        refused { try listing.received(page(["x"], token: "t50")) }
    }

    @Test func emptyPagesAreLimited() throws {
        var listing = ObjectListing(prefix: [])
        for number in 0..<9999 { try listing.received(page([], token: "a\(number)")) }
        try listing.received(page(["k"], token: "k"))
        for number in 0..<10_000 { try listing.received(page([], token: "b\(number)")) }
        refused { try listing.received(page([], token: "c")) }
    }

    private func page(_ keys: [String], token: String?) throws -> ListObjectsV2.Page {
        let body =
            "<ListBucketResult><IsTruncated>\(token != nil)</IsTruncated>"
            + (token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? "")
            + keys.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
            + "</ListBucketResult>"
        return try ListObjectsV2(prefix: []).output(
            S3Response(head: HTTPResponseHead(status: 200), body: [UInt8](body.utf8)))
    }

    private func refused(_ body: () throws -> Void) {
        let error = #expect(throws: S3Error.self) { try body() }
        #expect(error?.kind == .notS3)
    }
}
