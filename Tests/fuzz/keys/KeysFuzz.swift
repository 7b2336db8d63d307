import ByteIO
import KeyTemplate
import S3Core

/// Escapes and encodes the input and makes keys of it: decoding must restore it, and no value may escape its
/// segment.
///
/// The input up to the first newline is a template, the rest is a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeys(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    checkEscaping(bytes)
    checkEncoding(bytes)
    checkPlace(bytes)
    checkNames(String(decoding: bytes, as: UTF8.self))
    let newline = bytes.firstIndex(of: 0x0A) ?? bytes.count
    checkTemplate(Array(bytes[..<newline]), line: Array(bytes.dropFirst(newline + 1)))
    return 0
}

private func checkEscaping(_ key: [UInt8]) {
    var field: [UInt8] = []
    KeyEscaping.escape(key.bytes, into: &field)
    require(!field.contains { [0x09, 0x0A, 0x0D].contains($0) }, "a field is one column of one line")
    require(unescaped(field) == key, "an escaped key is that key")
    // An invalid escaped key may be rejected, but not changed.
    guard let read = unescaped(key) else { return }
    var again: [UInt8] = []
    KeyEscaping.escape(read.bytes, into: &again)
    require(unescaped(again) == read, "a key that was read is written as it was")
}

private func unescaped(_ field: [UInt8]) -> [UInt8]? {
    var key: [UInt8] = []
    do { try KeyEscaping.unescape(field.bytes, into: &key) } catch {
        require(
            error.offset < field.count && field[error.offset] == UInt8(ascii: "\\"), "the offset is right")
        return nil
    }
    return key
}

private func checkEncoding(_ key: [UInt8]) {
    var path: [UInt8] = []
    PercentEncoding.append(key, keepingSlash: true, to: &path)
    require(!path.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == 0x3F || $0 == 0x23 }, "a path is a path")
    require(PercentEncoding.decodeForm(path) == key, "an encoded key is that key")
    require(PercentEncoding.decodeForm(key).count <= key.count, "decoding does not grow")
}

/// The part before the first slash is a prefix, the part after it a key.
private func checkPlace(_ bytes: [UInt8]) {
    let slash = bytes.firstIndex(of: UInt8(ascii: "/")) ?? 0
    let location = Location(bucket: "bucket", prefix: Array(bytes[..<slash]))
    let key = Array(bytes[slash...])
    do {
        let whole = try location.objectKey(key)
        require((1...1024).contains(whole.count), "an object's key has 1 to 1024 bytes")
        require(location.relativeKey(whole) == key, "a key is the same in the same place")
    } catch { require(!error.description.isEmpty, "a fault has words") }
    let printed = Diagnostics.printable(bytes)
    require(!printed.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message has no control characters")
}

private func checkNames(_ text: String) {
    if let endpoint = try? Endpoint(text, name: "x") {
        require(
            !endpoint.authority.utf8.contains { $0 <= 0x20 || "/?#@\\".utf8.contains($0) }, "a host is one")
    }
    if let location = try? Location(text) {
        require(
            (try? AccessPoint(location.bucket)) != nil
                || !location.bucket.utf8.contains { $0 <= 0x20 || "/?#@:%\\".utf8.contains($0) },
            "a bucket is one")
    }
    _ = Timestamp(httpDate: text)
    _ = ContentRange(text)
}

private let context = RenderContext(host: [0x68], process: 1) { _ in nil }

private func checkTemplate(_ text: [UInt8], line: [UInt8]) {
    guard let template = try? Template(parsing: text) else { return }
    var renderer = KeyRenderer(template, context: context)
    for number in 1...2 {
        do {
            try renderer.read(line.bytes)
            try renderer.makePartition(line.bytes)
            try renderer.makeKey(line.bytes, number: UInt64(number), readAt: 1_700_000_000_000_000_000)
        } catch {
            require(!error.description.isEmpty, "a fault has words")
            continue
        }
        guard let key = unescaped(renderer.keyField) else { fatalError("a key field can be read") }
        require((1...1024).contains(key.count), "a key has 1 to 1024 bytes")
        require(String(validating: key, as: UTF8.self) != nil, "a key is UTF-8")
    }
}

private func require(_ holds: Bool, _ text: String) { if !holds { fatalError(text) } }
