import ByteIO
import CCurl

/// Headers as libcurl's list type, in memory that is reused for each request: curl_slist_append(3) would
/// allocate twice for every header.
///
///     text   host: a\0x-amz-date: b\0...
///     nodes  [data, next] [data, next] ...
@safe struct HeaderList: ~Copyable {
    private var text = ByteBuffer()
    private var starts: [Int] = []
    private var nodes: UnsafeMutableBufferPointer<curl_slist>

    init() { unsafe nodes = .allocate(capacity: 16) }

    deinit { unsafe nodes.deallocate() }

    /// Sets the list to `fields` and `last`.
    ///
    /// - Parameter unwanted: names of headers, each with its colon, that libcurl must not add.
    /// - Returns: the first node, valid until the next change; nil if a header contains a line end. libcurl
    ///   only reads the list and must not free it.
    mutating func set(
        _ fields: [HTTPHeader], _ last: HTTPHeader, without unwanted: [[UInt8]]
    ) -> UnsafeMutablePointer<curl_slist>? {
        text.removeAll()
        starts.removeAll(keepingCapacity: true)
        for line in unwanted {
            starts.append(text.count)
            text.append(line.bytes)
            text.append(0)
        }
        // Accessed by index: copying each element would cost more than processing it.
        for index in fields.indices where !append(fields[index]) { return nil }
        return append(last) ? unsafe list() : nil
    }

    /// - Returns: false if the header contains a line end.
    private mutating func append(_ field: borrowing HTTPHeader) -> Bool {
        let line = field.line.bytes
        guard HTTPHeader.isValue(line) else { return false }
        starts.append(text.count)
        let value = line.extracting(droppingFirst: field.valueStart)
        if value.prefixLength(where: { $0 == 0x20 || $0 == 0x09 }) == value.byteCount {
            // libcurl sends a header with an empty or blank value only in this form.
            text.append(line.extracting(first: field.nameLength))
            text.append(UInt8(ascii: ";"))
        } else {
            text.append(line)
        }
        text.append(0)
        return true
    }

    /// Links the nodes.
    private mutating func list() -> UnsafeMutablePointer<curl_slist>? {
        guard !starts.isEmpty, let address = unsafe text.bytes.withUnsafeBytes({ $0.baseAddress }) else {
            return nil
        }
        if unsafe starts.count > nodes.count {
            unsafe nodes.deallocate()
            unsafe nodes = .allocate(capacity: 2 * starts.count)
        }
        guard let base = unsafe nodes.baseAddress else { return nil }
        for (index, start) in starts.enumerated() {
            // libcurl's type is mutable, but libcurl does not change the text.
            let data = unsafe UnsafeMutableRawPointer(mutating: address + start)
                .assumingMemoryBound(to: CChar.self)
            let next = unsafe index + 1 < starts.count ? base + (index + 1) : nil
            unsafe base[index] = unsafe curl_slist(data: data, next: next)
        }
        return unsafe base
    }
}
