import ByteIO
import HTTPTransfer
import S3Core

/// Reads the input as a server's answer in every way that there is: what is taken must be what it can be, and
/// what is said of it must be fit to print.
///
/// The first line is the status line, header lines follow up to an empty one, the rest is the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAnswers(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    let (head, body) = read(bytes)
    let response = S3Response(head: head, body: body)
    check(head, bytes)
    for method in [HTTPMethod.get, .head, .post] {
        check(ErrorDocument.error(response, method: method, addressesObject: method == .get))
    }
    if let error = ErrorDocument.error(inSuccess: response) { check(error) }
    checkList(response)
    let operation = CompleteMultipartUpload(key: [1], uploadID: [2], parts: [])
    if let etag = attempt({ () throws(S3Error) in try operation.output(response) }) { check(etag: etag) }
    if let id = attempt({ () throws(S3Error) in try CreateMultipartUpload(key: [1]).output(response) }) {
        require(!id.isEmpty, "an upload has an id")
    }
    if let etag = attempt({ () throws(S3Error) in
        try PutObject(key: [1], body: ByteBlock()).output(response)
    }) {
        check(etag: etag)
    }
    return 0
}

/// Takes the head line by line, as libcurl gives it.
private func read(_ bytes: [UInt8]) -> (HTTPResponseHead, [UInt8]) {
    var head = HTTPResponseHead()
    var rest = bytes[...]
    while let newline = rest.firstIndex(of: 0x0A) {
        let line = Array(rest[...newline])
        rest = rest[(newline + 1)...]
        _ = unsafe line.withUnsafeBytes { unsafe head.append(line: $0) }
        if line.count <= 2 { break }
    }
    return (head, Array(rest))
}

private func check(_ head: HTTPResponseHead, _ bytes: [UInt8]) {
    require((0...999).contains(head.status), "a status has three digits")
    for name in ["etag", "date", "content-length", "content-range", "x-amz-bucket-region", ""] {
        guard let value = head.value(name) else { continue }
        require(!value.contains(0x0A), "a value is in one line")
        require(value.first != 0x20 && value.last != 0x20, "a value has no white space around it")
    }
    let object = ObjectHead(head)
    if let etag = object.etag { check(etag: etag) }
    if let range = object.contentRange {
        require(
            range.bytes.lowerBound >= 0 && range.bytes.upperBound <= range.objectSize, "a range is within")
        require(!range.bytes.isEmpty, "a range has bytes")
    }
    if let date = head.text("date").flatMap(Timestamp.init(httpDate:)) {
        require(date.basicFormat.count == 16, "a time is written in 16 bytes")
    }
}

private func checkList(_ response: S3Response) {
    var listing = ObjectListing(prefix: [])
    guard let page = attempt({ () throws(S3Error) in try ListObjectsV2(prefix: []).output(response) }) else {
        return
    }
    for object in page.objects {
        require(!object.key.isEmpty && object.size >= 0, "an object has a key and a size")
        if !object.etag.isEmpty { check(etag: object.etag) }
        require(!object.lastModified.contains { $0 <= 0x20 }, "a time is one word")
    }
    require(page.continuationToken?.isEmpty != true, "a token is not empty")
    try? listing.received(page)
    let again: Void? = attempt { () throws(S3Error) in try listing.received(page) }
    require(page.objects.isEmpty && page.continuationToken == nil || again == nil, "no page comes twice")
}

private func check(etag: [UInt8]) {
    require(!etag.isEmpty && etag.allSatisfy { $0 > 0x20 && $0 != 0x7F }, "an ETag is visible")
}

private func check(_ error: S3Error) {
    if let region = error.region { require(Endpoint.isRegionName(region), "a region is a name") }
    require((error.retryAfterMilliseconds ?? 0) >= 0, "nobody waits backwards")
    let printed = Diagnostics.printable(error.description.utf8)
    require(!printed.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message has no control characters")
}

private func attempt<Output>(_ body: () throws(S3Error) -> Output) -> Output? {
    do { return try body() } catch {
        check(error)
        return nil
    }
}

private func require(_ holds: Bool, _ text: String) { if !holds { fatalError(text) } }
