import ByteIO
import HTTPTransfer
import S3Core
import S3Lines

/// Parses the input as a server's response in all ways: accepted values must be in range, and messages must
/// be printable.
///
/// The first line is the status line, followed by header lines and an empty line; the rest is the body.
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
    checkRetry(response)
    if (200..<300).contains(head.status) {
        checkFetch(ObjectHead(head))
        for range in [nil, 0..<4, 3..<7] { checkGet(range, head, body) }
    }
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

/// Parses the head line by line, as libcurl delivers it.
private func read(_ bytes: [UInt8]) -> (HTTPResponseHead, [UInt8]) {
    let reader = HTTPHeadReader()
    var rest = bytes[...]
    while let newline = rest.firstIndex(of: 0x0A) {
        let line = Array(rest[...newline])
        rest = rest[(newline + 1)...]
        _ = reader.append(line.bytes)
        if line.count <= 2 { break }
    }
    return (reader.head, Array(rest))
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
        let text = head.text("content-range") ?? ""
        require(text.contains("\(range.objectSize)"), "a size is as it was said")
    }
    if let checksum = object.checksum {
        require(checksum.value == head.value(checksum.algorithm.rawValue), "a checksum is as it came")
    }
    if let text = head.text("date"), let date = Timestamp(httpDate: text) {
        let written = String(decoding: date.basicFormat, as: UTF8.self)
        require(written.utf8.count == 16, "a time is written in 16 bytes")
        // A nonexistent day of a month, or a leap second, is read as the next one.
        require(
            text.contains(written.prefix(4)) || text.contains("31") || text.contains("60"),
            "a year is as it was said")
    }
}

/// The retry decision after an error response to a request that was signed for another region.
private func checkRetry(_ response: S3Response) {
    var policy = AttemptPolicy(
        region: "us-east-1", retry: RetryPolicy(maxAttempts: 3), window: ConcurrencyWindow(4...4))
    var history = AttemptHistory()
    history.signing = policy.signing
    var error = ErrorDocument.error(response, method: .put, addressesObject: true)
    error.operation = "PutObject"
    let date = response.head.text("date").flatMap(Timestamp.init(httpDate:))
    for attempt in 1...5 {
        let now = Timestamp(seconds: 1_700_000_000)
        switch policy.failed(error, &history, progress: 0, now: now, serverTime: date) {
        case .giveUp: return
        case .retry(let delay): require((0...25_000).contains(delay), "a delay is at most 20 s and 5 s")
        case .signAgain: require(attempt == 1, "a request is signed again once")
        }
        history.signing = policy.signing
        require(Endpoint.isRegionName(policy.signing.region), "what is signed for is a region")
        require((1...4).contains(policy.limit), "something is always under way, and not too much")
    }
    fatalError("attempts come to an end")
}

/// The further requests for an object whose first response has this head.
private func checkFetch(_ head: ObjectHead) {
    var window = FetchWindow(memory: 1 << 20, chunkSize: 1000, threshold: 5000)
    let number = window.add(size: nil)
    require(window.next()?.range == nil, "the first request is for all of it")
    let verdict = window.answered(number, size: head.objectSize, isPinned: head.strongETag != nil)
    require(verdict != .refuse, "the head of the line is never refused")
    var end = 1000
    while end < 20_000, let range = window.next()?.range {
        require(range.lowerBound == end && !range.isEmpty, "ranges follow one another")
        require(range.upperBound <= head.objectSize ?? 0, "a range ends with the object")
        end = range.upperBound
    }
}

private final class Sink: ObjectSink {
    var bytes: [UInt8] = []
    func began(_ head: ObjectHead) -> Bool { true }
    func received(_ bytes: RawSpan) -> Received {
        self.bytes += bytes.array
        return .taken
    }
    func ended(_ error: S3Error?) {}
}

/// Feeds the response to a request for an object twice, because the first connection is lost.
private func checkGet(_ range: Range<Int>?, _ head: HTTPResponseHead, _ body: [UInt8]) {
    let sink = Sink()
    var operation = GetObject(key: [1], range: range, sink: sink)
    for _ in 1...2 {
        _ = operation.request()
        for start in stride(from: 0, to: body.count, by: 5) {
            let piece = Array(body[start..<min(start + 5, body.count)])
            guard case .taken = operation.received(piece.bytes, head: head) else { break }
        }
        let isPartial = head.status == 206
        let object = isPartial ? body[...] : body.dropFirst(range?.lowerBound ?? 0)
        require(object.starts(with: sink.bytes), "bytes come once, without a gap")
        require(operation.progress == sink.bytes.count, "bytes are counted")
        require(sink.bytes.count <= range?.count ?? .max, "no more comes than was asked for")
        let isWhole: ObjectHead? = attempt { () throws(S3Error) in
            try operation.output(S3Response(head: head, body: []))
        }
        if let size = isWhole?.objectSize {
            let end = min(size, range?.upperBound ?? size)
            require(sink.bytes.count >= end - (range?.lowerBound ?? 0), "what is whole has all its bytes")
        }
    }
}

private func checkList(_ response: S3Response) {
    var listing = ObjectListing(prefix: [])
    let operation = ListObjectsV2(prefix: [], readsDetails: true)
    guard let page = attempt({ () throws(S3Error) in try operation.output(response) }) else { return }
    for object in page.objects {
        require(!object.key.isEmpty && object.size >= 0, "an object has a key and a size")
        if let etag = object.details?.etag, !etag.isEmpty { check(etag: etag) }
        require(object.details?.lastModified.contains { $0 <= 0x20 } == false, "a time is one word")
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
    require((error.retryAfterMilliseconds ?? 0) >= 0, "no one waits backwards")
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
